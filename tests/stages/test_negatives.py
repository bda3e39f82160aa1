"""Mining many queries in shards: the same negatives as all at once, and a killed run goes on behind its last shard."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.corpus.guard import fingerprints
from lexfit.io import read_json, write_json
from lexfit.jsonl import write_jsonl
from lexfit.negatives.candidates import Bm25Candidates
from lexfit.negatives.mining import mine_query
from lexfit.stages import negatives

WORDS = ["theft", "murder", "land", "tax", "appeal", "bail", "fraud", "contract", "divorce", "wages"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    rng, train = random.Random(0), tmp_path / "data/pairs/train"
    documents, queries = [], []
    for source in ("task", "extra"):
        prefix = "" if source == "task" else "extra/"
        documents += [
            {"id": f"{prefix}d{i}", "source": source, "passages": [" ".join(rng.choices(WORDS, k=6))]}
            for i in range(20)
        ]
        for i in range(8):
            text = " ".join(rng.choices(WORDS, k=5))
            positives = [f"{prefix}d{rng.randrange(20)}"]
            query = {"id": f"{prefix}q{i}", "source": source, "text": text, "clean_text": text, "positives": positives}
            queries.append(query)
    write_jsonl(train / "queries.jsonl", queries)
    write_jsonl(train / "documents.jsonl", documents)
    write_json(train / "guard.json", fingerprints({}, 8) | {"share": 0.5})
    return tmp_path


def test_shards_give_what_all_at_once_gives_and_are_taken_up(
    folder: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = make_params("negatives=bm25")
    out = folder / "data/negatives"
    negatives.main(params)
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    assert not list((folder / "cache").rglob("*.json"))
    summary = read_json(out / "summary.json")
    assert summary["queries"] == 16
    assert summary["negatives"] == len(whole["negatives.jsonl"].splitlines()) == summary["by_miner"]["bm25"]

    asked: list[int] = []
    own_run = Bm25Candidates.run
    left = 10

    def counted(self: Bm25Candidates, queries: dict[str, str], *rest: Any) -> Any:
        asked.append(len(queries))
        return own_run(self, queries, *rest)

    def killed(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return mine_query(*arguments)

    monkeypatch.setattr(negatives, "SHARD", 3)
    monkeypatch.setattr(Bm25Candidates, "run", counted)
    monkeypatch.setattr(negatives, "mine_query", killed)
    with pytest.raises(KeyboardInterrupt):
        negatives.main(params)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole
    assert asked == [3, 3, 2, 3]
    monkeypatch.setattr(negatives, "mine_query", mine_query)
    negatives.main(params)
    assert asked == [3, 3, 2, 3, 3, 2]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole
    assert not list((folder / "cache").rglob("*.json"))


def test_scores_of_a_mining_that_nobody_went_on_with_are_forgotten(
    folder: Path, make_params: Callable[..., Params]
) -> None:
    for name, days in (("old", 15), ("fresh", 13)):
        kept = folder / "cache/mining" / name / "0"
        kept.mkdir(parents=True)
        for path in (kept, kept.parent):
            os.utime(path, (time.time() - days * 86400,) * 2)
    negatives.main(make_params("negatives=bm25"))
    assert {path.name for path in (folder / "cache/mining").iterdir()} == {"fresh"}
