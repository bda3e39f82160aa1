"""Hard negatives: random, BM25, dense, and their fusion."""
