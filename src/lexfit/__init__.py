"""lexfit: fine-tune text-embedding models for legal statute retrieval, with scores one can believe."""

__version__ = "0.1.0"
