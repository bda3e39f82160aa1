"""The demo: the facts of a case in, the rankings by BM25, base model and fine-tuned model side by side."""
