"""Base models, adapters, losses, batches, the trainer."""
