"""What comes after the first ranking: rerankers, language models, fusion, teachers, averaged weights."""
