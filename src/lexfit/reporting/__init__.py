"""Metrics, plots and tables of a run."""
