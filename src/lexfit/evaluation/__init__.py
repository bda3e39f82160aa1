"""Scores: mteb tasks, trec measures, significance."""
