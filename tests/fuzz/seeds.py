"""A small valid file of each kind that lexfit reads."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from functools import cache
from typing import Any

from tests.conftest import REPO

CORPUS = b"".join(
    json.dumps(
        {"_id": f"d{i}", "title": f"Act {i}", "text": f"Whoever commits {word} shall answer for {word}."}
    ).encode()
    + b"\n"
    for i, word in enumerate(("robbery", "murder", "fraud"))
)
QUERIES = b'{"_id": "q1", "text": "He took the purse by force."}\n{"_id": "q2", "text": "He killed the clerk."}\n'
QRELS = b"query-id\tcorpus-id\tscore\nq1\td0\t1\nq2\td1\t2\n"
BEIR = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels/test.tsv": QRELS}
AILA = {
    "release/Query_doc.txt": b"AILA_Q1||He took the purse by force.\nAILA_Q2||He killed the clerk.\n",
    "release/Object_statutes/S1.txt": b"Title: Robbery\nDesc: Whoever robs shall answer.",
    "release/Object_statutes/S2.txt": b"Title: Murder\nDesc: Whoever kills shall answer.",
    "release/relevance_judgments_statutes.txt": b"AILA_Q1 Q0 S1 1\nAILA_Q1 Q0 S2 0\nAILA_Q2 Q0 S2 1\n",
    "release/relevance_judgments_priorcases.txt": b"AILA_Q1 Q0 C1 1\nAILA_Q2 Q0 C2 1\n",
    "release/Object_casedocs/C1.txt": b"The appellant was convicted of robbery.",
    "release/Object_casedocs/C2.txt": b"The appellant was convicted of murder.",
}
SECTIONS = (
    b'{"act": "The Contract Act", "section": "1", "title": "Offer", "text": "1. Offer. It is made when it is heard."}\n'
    b'{"act": "The Contract Act", "section": "2", "title": "Answer", "text": "2. [Repealed by Act 3 of 1950.]"}\n'
)
TABLE = (
    b"query,positive,negative\nHe robbed.,Robbery is punished.,Fraud is punished.\nHe killed.,Murder is punished.,\n"
)
PAIRS = b'{"query": "He robbed.", "positive": ["Robbery is punished."], "negative": null}\n'
SITUATIONS = b'{"id": "a1", "text": "He was held for three days.", "articles": [22], "split": "test"}\n'
CARD = b"""---
license: apache-2.0
library_name: sentence-transformers
pipeline_tag: sentence-similarity
base_model: org/base
datasets:
- org/data
model-index:
- name: lexfit
  results:
  - task:
      type: retrieval
    dataset:
      type: org/data
      name: Data
    metrics:
    - type: ndcg_at_10
      value: 0.5
---

# lexfit
"""
SCORES = {
    "protocol": "all_labels",
    "seed": 1,
    "claim": None,
    "crossval": None,
    "fire2019": None,
    "held_out": {"law": {}},
    "mteb": {"task": "AILAStatutes", "label": "contaminated", "methods": {"finetuned": {"ndcg_at_10": 0.5}}},
    "retention": {"tasks": ["docstrings"], "mean": {"base": 0.5, "tuned": 0.5, "change": 0.0}},
}
LOCK = b"""schema: '2.0'
stages:
  raw:
    cmd: python -m lexfit.stages.raw
    params:
      params.yaml:
        seed: 1
    outs:
    - path: data/raw
      md5: 0123.dir
  model:
    cmd: python -m lexfit.stages.model
    deps:
    - path: data/raw
      md5: 0123.dir
    outs:
    - path: data/model
      md5: 4567.dir
"""
WEIGHTS = b"weights"
REVISION = hashlib.sha256(WEIGHTS).hexdigest()[:12]


def as_json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of members, the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


@cache
def params() -> bytes:
    """params.yaml as it is committed."""
    return (REPO / "params.yaml").read_bytes()


@cache
def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = {"query": ["He robbed."], "positive": [["Robbery is punished."]], "negative": [None]}
    kinds = pa.schema({"query": pa.string(), "positive": pa.list_(pa.string()), "negative": pa.string()})
    stream = io.BytesIO()
    pq.write_table(pa.table(rows, schema=kinds), stream)
    return stream.getvalue()


@cache
def weights(hidden: int = 4, layers: int = 2) -> bytes:
    """A safetensors file of a tiny encoder's weights."""
    import numpy as np
    from safetensors.numpy import save

    tensors = {"embeddings.word_embeddings.weight": np.ones((8, hidden), np.float32)}
    for layer in range(layers):
        tensors[f"encoder.layer.{layer}.output.dense.weight"] = np.ones((hidden, hidden), np.float32)
    found: bytes = save(tensors)
    return found


@cache
def gguf() -> bytes:
    """A GGUF file with a key of each type, and two tensors."""
    import tempfile
    from pathlib import Path

    import numpy as np
    from gguf import GGUFWriter

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tiny.gguf"
        writer = GGUFWriter(file, "llama")
        writer.add_uint32("llama.block_count", 1)
        writer.add_float32("llama.epsilon", 0.5)
        writer.add_bool("llama.causal", True)
        writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c"])
        writer.add_array("tokenizer.ggml.scores", [0.1, 0.2, 0.3])
        for name in ("token_embd.weight", "blk.0.attn_q.weight"):
            writer.add_tensor(name, np.ones((4, 4), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return file.read_bytes()
