"""Nested cross-validation: scores of every member of a grid, and the choice among them."""
