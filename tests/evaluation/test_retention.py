"""Retention tasks are the same each time and leak nothing; scores are nDCG@10; a drop beyond the limit is an error."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params, RetentionParams
from lexfit.corpus.records import Collection
from lexfit.errors import LexfitError
from lexfit.evaluation.docstrings import docstring_pairs, split_docstring
from lexfit.evaluation.retention import Pair, check_drop, compare_models, pair_scores, read_scores, write_scores
from lexfit.evaluation.retention_tasks import DOCUMENT_WORDS, build_task, choose

LETTER = "the text of paragraph {} which is long enough to be kept by every rule of length"


@pytest.fixture
def params(make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch) -> RetentionParams:
    monkeypatch.delenv("LEXFIT_CENTRAL_ACTS", raising=False)
    return make_params("retention.queries=100").retention


def sections(folder: Path, *records: dict[str, str]) -> Path:
    """A file of sections."""
    path = folder / "sections.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in records).encode()))
    return path


def section(number: int, title: str, text: str) -> dict[str, str]:
    return {"act": "The Salt Act, 1900", "section": str(number), "title": title, "text": text}


def candidates(count: int) -> list[tuple[str, str, str]]:
    return [(str(i), f"What does paragraph {i} say?", LETTER.format(f"number {i}")) for i in range(count)]


def test_docstring_pairs_are_the_same_each_time_and_no_document_holds_its_query(params: RetentionParams) -> None:
    task = build_task("docstrings", params, 42)
    assert task == build_task("docstrings", params, 42)
    assert task.pairs != build_task("docstrings", params, 43).pairs
    assert task.source.startswith("standard library of Python 3.")
    assert len(task.pairs) == len({p.id for p in task.pairs}) == len({p.document for p in task.pairs}) == 100
    for pair in task.pairs:
        assert pair.query.rstrip(" .").casefold() not in pair.document.casefold()
        assert len(pair.document.split()) <= DOCUMENT_WORDS


def test_sources_are_parsed_not_run_and_only_the_library_itself(tmp_path: Path) -> None:
    body = 'raise SystemExit\nclass A:\n    """Is A."""\n    if True:\n        def b(self):\n            "Is b."\n'
    for name in ("json/encoder.py", "json/tests/test_a.py", "requests/api.py", "tkinter/a.py", "shutil.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    assert [name for name, _, _ in docstring_pairs(tmp_path)] == [
        "json.encoder.A",
        "json.encoder.A.b",
        "shutil.A",
        "shutil.A.b",
    ]


@pytest.mark.parametrize(
    ("docstring", "sentence", "rest"),
    [
        ("Return x.  Never\nraises.\n", "Return x.", "Never raises."),
        ("Open a file\n\nThe mode. It matters.", "Open a file", "The mode. It matters."),
        ("Get the version, e.g. 3.11, as text.\nOr None.", "Get the version, e.g. 3.11, as text.", "Or None."),
        ("Call f(x). f may fail.", "Call f(x). f may fail.", ""),
    ],
)
def test_a_docstring_splits_after_its_first_sentence(docstring: str, sentence: str, rest: str) -> None:
    assert split_docstring(docstring) == (sentence, rest)


def test_short_leaking_and_ambiguous_pairs_are_left_out_and_a_repeated_one_counts_once() -> None:
    good = candidates(3)
    bad = [
        ("short query", "What?", LETTER.format("a")),
        ("short document", "What is said here then?", "Nothing much."),
        ("leak", "Which is long enough.", LETTER.format("b")),
        ("same query 1", "Asked of two texts here?", LETTER.format("c")),
        ("same query 2", "Asked of two texts HERE?", LETTER.format("d")),
        ("same document 1", "Asked first of this text?", LETTER.format("e")),
        ("same document 2", "Asked again of this text?", LETTER.format("e")),
        ("same id", "Is the first of two?", LETTER.format("f")),
        ("same id", "Is the second of two?", LETTER.format("g")),
    ]
    assert sorted(p.id for p in choose([*good, *bad, ("copy", *good[0][1:])], 3, 1, "t")) == ["0", "1", "2"]
    with pytest.raises(LexfitError, match=r"retention\.queries: asks for 4 pairs where task t has 3\. Lower it"):
        choose([*good, *bad], 4, 1, "t")


def test_another_candidate_displaces_one_pair_at_most() -> None:
    some = set(choose(candidates(200), 50, 7, "t"))
    assert all(len(some - set(choose(candidates(200 + more), 50, 7, "t"))) <= more for more in (1, 5))


@pytest.mark.parametrize(("by", "given"), [("none", ""), ("params", "absent"), ("environment", "absent")])
def test_absent_central_acts_are_an_error_with_its_remedy(
    params: RetentionParams, monkeypatch: pytest.MonkeyPatch, by: str, given: str
) -> None:
    if by == "environment":
        monkeypatch.setenv("LEXFIT_CENTRAL_ACTS", given)
    with pytest.raises(LexfitError) as caught:
        build_task("central_acts", dataclasses.replace(params, central_acts=given if by == "params" else None), 42)
    assert ("LEXFIT_CENTRAL_ACTS" if by == "environment" else "retention.central_acts") in caught.value.where
    assert "LEXFIT_CENTRAL_ACTS" in caught.value.remedy
    assert "retention=docstrings" in caught.value.remedy


def test_broken_sections_name_file_and_line(params: RetentionParams, tmp_path: Path) -> None:
    path = sections(tmp_path, section(1, "Salt and its uses", LETTER), {"title": "Pepper"})
    with pytest.raises(LexfitError, match=r"sections\.jsonl\.gz:2: lacks act"):
        build_task("central_acts", dataclasses.replace(params, central_acts=str(path)), 42)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LexfitError, match=r"sections\.jsonl\.gz: is not a whole gzip file"):
        build_task("central_acts", dataclasses.replace(params, central_acts=str(path)), 42)


def test_a_text_loses_the_title_that_it_begins_with(params: RetentionParams, tmp_path: Path) -> None:
    path = sections(
        tmp_path,
        section(1, "Salt and its lawful uses", "1A. Salt and its lawful uses.--(1) " + LETTER.format("one")),
        section(2, "Duties of salt inspectors", LETTER.format("two")),
        section(3, "Search of salt works", f"{LETTER.format('three')} as in Search of salt works."),
    )
    asked = dataclasses.replace(params, central_acts=str(tmp_path), queries=2)
    pairs = {p.id: p for p in build_task("central_acts", asked, 42).pairs}
    assert pairs["The Salt Act, 1900, section 1"].document == "(1) " + LETTER.format("one")
    assert set(pairs) == {f"The Salt Act, 1900, section {n}" for n in (1, 2)}
    assert path.name in build_task("central_acts", asked, 42).source


def test_real_central_acts_are_used_where_they_are(make_params: Callable[..., Params]) -> None:
    given = os.environ.get("LEXFIT_CENTRAL_ACTS")
    if not given or not Path(given).exists():
        pytest.skip("Central Acts absent: set LEXFIT_CENTRAL_ACTS to the folder of sections.jsonl.gz")
    task = build_task("central_acts", make_params("retention=full").retention, 42)
    assert len(task.pairs) == 200
    assert not [p for p in task.pairs if p.query.casefold() in p.document.casefold()]


class Fixed:
    """Encodes a number as a direction, so that similarity falls with distance."""

    def encode_document(self, texts: list[str], **options: Any) -> Any:
        import torch

        angles = torch.tensor([float(text) for text in texts])
        return torch.stack([angles.cos(), angles.sin()], dim=1)

    encode_query = encode_document

    def similarity(self, first: Any, second: Any) -> Any:
        return first @ second.T


def test_scores_equal_those_computed_by_hand() -> None:
    # By distance: 0.0 finds 0.1, 0.5, 0.9; 0.52 finds 0.5 first; 0.32 finds 0.5, 0.1, 0.9.
    pairs = [Pair("a", "0.0", "0.9"), Pair("b", "0.52", "0.5"), Pair("c", "0.32", "0.1")]
    model: Any = Fixed()
    found = pair_scores(model, pairs, 2, progress=False)
    assert found == pytest.approx({"a": 1 / math.log2(4), "b": 1.0, "c": 1 / math.log2(3)})


def test_change_is_paired_with_an_interval_and_averaged_over_tasks(make_params: Callable[..., Params]) -> None:
    base = {"x": {"1": 1.0, "2": 0.5, "3": 0.0}, "y": {"1": 0.5, "2": 0.5}}
    tuned = {"x": {"3": 0.3, "2": 0.5, "1": 0.4}, "y": {"1": 0.4, "2": 0.4}}
    found = compare_models(base, tuned, make_params().evaluation, 1)
    assert found["tasks"]["x"]["change"] == pytest.approx(-0.1)
    assert found["tasks"]["x"]["low"] < -0.1 < found["tasks"]["x"]["high"]
    assert found["tasks"]["y"] == {"queries": 2, "base": 0.5, "tuned": 0.4, "change": -0.1, "low": -0.1, "high": -0.1}
    assert found["mean"] == {"base": 0.5, "tuned": 0.4, "change": -0.1}
    with pytest.raises(ValueError, match="same queries"):
        compare_models(base, {**tuned, "y": {"1": 0.4}}, make_params().evaluation, 1)


def test_a_drop_beyond_the_limit_names_key_scores_and_remedies(make_params: Callable[..., Params]) -> None:
    base, tuned = {"x": {"1": 0.8}, "y": {"1": 0.2}}, {"x": {"1": 0.7}, "y": {"1": 0.9}}
    summary = compare_models(base, tuned, make_params().evaluation, 1)
    assert summary["mean"]["change"] == 0.3  # what task y gains doesn't make up for x
    check_drop(summary, 0.1, Path("logs/retention.json"))
    with pytest.raises(LexfitError) as caught:
        check_drop(summary, 0.05, Path("logs/retention.json"))
    assert caught.value.where == "params.yaml: retention.max_drop"
    for expected in ("on x fell", "0.8000 (base)", "0.7000 (tuned)", "a drop of 0.1000", "0.05", "logs/retention.json"):
        assert expected in caught.value.problem
    for key in ("train.learning_rate", "train.epochs", "train.interpolation", "adapter=lora", "retention.max_drop"):
        assert key in caught.value.remedy


def test_without_tasks_nothing_is_claimed(make_params: Callable[..., Params]) -> None:
    summary = compare_models({}, {}, make_params().evaluation, 1)
    assert summary == {"tasks": {}, "mean": None}
    check_drop(summary, 0.0, Path("x"))


def test_scores_on_disk_are_exact(tmp_path: Path) -> None:
    scores = {"a": {'The "Salt" Act, section 1': 1 / 3, "q": 0.0}, "b": {"q": 0.1 + 0.2}}
    write_scores(tmp_path / "scores.tsv", scores)
    assert read_scores(tmp_path / "scores.tsv") == scores


def test_an_mteb_task_scores_as_our_own_measures_do(
    collection: Collection, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.dense import dense_run
    from lexfit.evaluation.hub_tasks import hub_scores, load_hub_task
    from lexfit.evaluation.tasks import make_task
    from lexfit.evaluation.trec import evaluate, qrels_of

    monkeypatch.setattr("mteb.get_task", lambda name: make_task(collection))
    model = SentenceTransformer(str(tiny_model), device="cpu")
    found = hub_scores(model, load_hub_task("Local"), "base", tmp_path, 8)
    queries = {q.id: q.text for q in collection.queries if q.split == "test"}
    run = dense_run(model, queries, {d.id: [d.full_text] for d in collection.documents}, 8)
    ours = evaluate(run, qrels_of(collection.judgements, queries))
    assert found == pytest.approx({f"test/default/{q}": s["ndcg_at_10"] for q, s in ours.items()}, abs=1e-5)
    assert next(tmp_path.rglob("LocalRetrieval.json")).exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("NFCorpuss", "Did you mean"), ("STSBenchmark", "of type STS"), ("NFCorpus", "without HF_HUB_OFFLINE")],
)
def test_mteb_tasks_that_cannot_be_had_are_errors_that_name_the_key(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mteb

    from lexfit.evaluation.hub_tasks import load_hub_task

    def unreachable(task: Any) -> None:
        raise ConnectionError("Couldn't reach the Hub")

    monkeypatch.setattr(type(mteb.get_task("NFCorpus")), "load_data", unreachable)
    with pytest.raises(LexfitError, match=message) as caught:
        load_hub_task(name)
    assert caught.value.where.endswith("retention.mteb_tasks")
