"""Search: the library's and the command's rankings are the evaluation's, embeddings are kept, bad input is refused."""

from __future__ import annotations

import doctest
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lexfit.search
from lexfit.__main__ import main
from lexfit.errors import LexfitError
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.runs import bm25_run, order
from lexfit.jsonl import write_jsonl
from lexfit.search import Bm25, Dense, Statute, load, rank
from tests.conftest import REPO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from lexfit.search.ranking import Ranker

STATUTES = [
    Statute("S1", "Murder", ("whoever commits murder shall be punished with death",)),
    Statute("S2", "Theft", ("whoever commits theft of a thing", "a person who takes goods from a house by night")),
    Statute("S3", "Cheques", ("where a cheque is returned by the bank unpaid",)),
]
FACTS = "The man took goods from the house of his neighbour by night and was tried for theft."


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(tiny_model), device="cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose stages raw and pairs have run, and no other."""
    from lexfit.corpus.records import Collection, Document, Judgement, Query, write_collection

    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    documents = [Document(s.id, s.title, " ".join(s.passages)) for s in STATUTES]
    collection = Collection(documents, [Query("q", FACTS, "test")], [Judgement("q", "S2", 1)], {"source": "x"})
    (root / "data/raw").mkdir(parents=True)
    write_collection(root / "data/raw/task", collection)
    (root / "data/pairs/eval").mkdir(parents=True)
    records = [{"id": d.id, "role": "candidate", "text": d.full_text, "passages": [d.full_text]} for d in documents]
    write_jsonl(root / "data/pairs/eval/documents.jsonl", [*records, {**records[0], "id": "S9", "role": "other"}])
    (root / "params.yaml").write_text((REPO / "params.yaml").read_text())
    return root


def passages(statutes: Sequence[Statute]) -> dict[str, list[str]]:
    return {s.id: list(s.passages) for s in statutes}


def test_the_documented_example_holds() -> None:
    assert doctest.testmod(lexfit.search, optionflags=doctest.NORMALIZE_WHITESPACE) == (0, 3)


def test_rankings_and_scores_are_those_of_the_evaluation(model: SentenceTransformer) -> None:
    runs: dict[str, tuple[Ranker, dict[str, float]]] = {
        "bm25": (Bm25(STATUTES), bm25_run({"q": FACTS}, passages(STATUTES))["q"]),
        "dense": (Dense(model, STATUTES), dense_run(model, {"q": FACTS}, passages(STATUTES), 32)["q"]),
    }
    for ranker, expected in runs.values():
        hits = rank(ranker, FACTS, k=9)
        assert [hit.statute.id for hit in hits] == order(expected)
        assert [hit.rank for hit in hits] == [1, 2, 3]
        assert [hit.score for hit in hits] == pytest.approx([expected[h.statute.id] for h in hits], abs=1e-6)


def test_a_split_statute_shows_the_passage_that_its_score_comes_from() -> None:
    first = rank(Bm25(STATUTES), "goods from a house", k=1)[0]
    assert (first.statute.id, first.passage) == ("S2", STATUTES[1].passages[1])


def test_words_that_the_model_does_not_read_are_counted(model: SentenceTransformer) -> None:
    dense = Dense(model, STATUTES)
    assert dense.unread("a short text") == 0
    long = " ".join(["goods"] * 20_000)
    assert len(rank(dense, long, k=1)) == 1
    read = 20_000 - dense.unread(long)
    assert 0 < read <= model.max_seq_length


def test_texts_embedded_together_are_those_embedded_alone_and_are_kept(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [passage for statute in STATUTES for passage in statute.passages]
    dense = Dense(model, STATUTES, cache_mb=10)
    alone, together = dense.embed(texts), dense.embed_together(texts)
    assert together.numpy() == pytest.approx(alone.numpy(), abs=1e-5)
    monkeypatch.setattr(model, "encode_document", None)
    assert (dense.embed_together(texts) == together).all()


def test_blank_text_and_impossible_k_are_refused() -> None:
    with pytest.raises(LexfitError, match="is blank"):
        rank(Bm25(STATUTES), " \n")
    with pytest.raises(LexfitError, match="is 0"):
        rank(Bm25(STATUTES), "theft", k=0)


def test_without_a_run_or_a_model_search_says_what_to_run(tmp_path: Path, project: Path) -> None:
    with pytest.raises(LexfitError, match="has no model"):
        load()
    with pytest.raises(LexfitError, match="Known: finetuned, base, bm25"):
        load("dense")  # type: ignore[arg-type]
    (project / "data/pairs/eval/documents.jsonl").unlink()
    with pytest.raises(LexfitError, match="nothing to search"):
        load("bm25")


def test_the_command_prints_what_the_library_ranks(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["search", FACTS, "--method", "bm25", "-k", "2"])
    lines = capsys.readouterr().out.splitlines()
    hits = rank(load("bm25"), FACTS, k=2)
    assert lines[0].split() == ["1.", f"{hits[0].score:.4f}", "S2", "Theft"]
    assert len(lines) == 4
    monkeypatch.setattr(sys, "stdin", io.StringIO(FACTS))
    main(["search", "-", "--method", "bm25", "-k", "1", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["statute"]["id"] == "S2"
    assert found["score"] == hits[0].score


def test_importing_the_library_does_not_import_torch() -> None:
    code = "import sys, lexfit.search; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, check=False).returncode == 0
