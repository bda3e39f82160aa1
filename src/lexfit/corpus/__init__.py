"""Data: sources, cleaning, splitting, protocols, audit. Nothing here imports torch."""
