"""The data stages write many records in shards and read them back: the same records as from single files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit import jsonl
from lexfit.config import Params
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.stages import audit, clean, negatives, pairs, raw, synthetic
from tests.conftest import REPO, write_beir

WORDS = ["theft", "murder", "land", "tax", "appeal", "bail", "fraud", "contract", "divorce", "wages", "arms", "water"]


def collection() -> Collection:
    rng = random.Random(0)
    documents = [Document(f"d{i}", f"Section {i}", " ".join(rng.choices(WORDS, k=12))) for i in range(20)]
    queries = [Query(f"q{i}", " ".join(rng.choices(WORDS, k=9)), "train" if i < 8 else "test") for i in range(13)]
    return Collection(documents, queries, [Judgement(q.id, f"d{rng.randrange(20)}", 1) for q in queries])


def test_stages_give_the_same_records_in_shards_and_in_single_files(
    tmp_path: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    found: dict[int, dict[str, bytes]] = {}
    for lines in (100_000, 3):
        monkeypatch.setattr(jsonl, "SHARD_LINES", lines)
        root = tmp_path / str(lines)
        write_beir(root / "mine", collection())
        (root / "data").mkdir()
        (root / "data/sources").symlink_to(REPO / "data/sources")
        monkeypatch.chdir(root)
        params = make_params(
            "data=beir", "data.license=cc0-1.0", "data.path=mine", "protocol=holdout", "negatives=bm25", "audit=text"
        )
        for stage in (synthetic, raw, clean, pairs, audit, negatives):
            stage.main(params)
        written: dict[str, bytes] = {}
        files = [p for p in (root / "data").rglob("*") if p.is_file() and "sources" not in p.parts]
        for path in sorted(files, key=lambda p: (p.name.count("."), p)):  # a first shard has no number
            name = f"{path.relative_to(root).parent}/{path.name.partition('.')[0]}"
            written[name] = written.get(name, b"") + path.read_bytes()
        found[lines] = written
        assert (root / "data/pairs/train/documents.00006.jsonl").exists() is (lines == 3)
    assert found[3] == found[100_000]
    assert {"data/raw/task/corpus", "data/clean/task/passages", "data/negatives/negatives"} <= found[3].keys()
