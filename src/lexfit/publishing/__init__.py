"""The model card, and its way to the Hub."""
