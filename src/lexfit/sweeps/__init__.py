"""Sweeps: a search space as queued DVC experiments, early stopping, and the choice among the members."""
