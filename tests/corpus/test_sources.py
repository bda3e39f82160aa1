"""Sources give what they should: counts, facts of origin, and one text whichever way AILA comes."""

from __future__ import annotations

import dataclasses
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.corpus.pairs import candidates
from lexfit.corpus.records import Collection
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError
from tests.conftest import REPO, write_beir

MakeParams = Callable[..., Params]
RELEASE = {
    "r/Object_statutes/S1.txt": b"Title: One\nDesc: first statute\n",
    "r/Object_statutes/S2.txt": b"Title: Two\nDesc: second statute\n",
    "r/Query_doc.txt": b"AILA_Q1||facts of one\nAILA_Q2||facts of two\n",
    "r/relevance_judgments_statutes.txt": b"AILA_Q1 Q0 S1 1\nAILA_Q1 Q0 S58 1\nAILA_Q2 Q0 S2 1\nAILA_Q2 Q0 S1 0\n",
}


def release(path: Path, **changed: bytes) -> Path:
    members = dict(RELEASE)
    for suffix, data in changed.items():
        members[next(name for name in members if suffix in name)] = data
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_constitution_has_465_articles_and_the_projects_situations(
    make_params: MakeParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPO)
    collection = load(make_params().data)
    assert len(collection.documents) == 465
    assert len(collection.queries) >= 120
    assert collection.facts["license"] == "apache-2.0"
    assert len(collection.facts["sha256"]) == 64


def test_constitution_errors_name_the_line(make_params: MakeParams, tmp_path: Path) -> None:
    good = {"id": "x", "text": "facts", "articles": ["14"], "split": "train"}
    for change, message in (
        ({"articles": ["999"]}, "unknown document id '999'"),
        ({"split": "dev"}, "split is 'dev'"),
        ({"articles": "14"}, "not a list"),
    ):
        file = tmp_path / "s.jsonl"
        file.write_text(json.dumps(good) + "\n" + json.dumps({**good, "id": "y", **change}) + "\n")
        with pytest.raises(LexfitError, match=rf"s\.jsonl:2: .*{message}"):
            load(dataclasses.replace(make_params().data, path=str(file)))


def test_fire_keeps_the_judgements_of_the_statute_without_text(make_params: MakeParams, tmp_path: Path) -> None:
    data = make_params("data=aila_fire", "protocol=kfold").data
    collection = load(dataclasses.replace(data, path=str(release(tmp_path / "r.zip"))))
    assert collection.judged_without_text == ["S58"]
    assert collection.positives()["AILA_Q1"] == {"S1", "S58"}
    assert candidates(collection, "judged") == ["S1", "S2"]
    assert collection.facts["address"] == "file:r.zip"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Query_doc": b"AILA_Q1||a\nAILA_Q2 no bar\n"}, r"Query_doc\.txt:2: has no"),
        ({"Query_doc": b"AILA_Q1||a\nAILA_Q2|| \n"}, r"Query_doc\.txt:2: query 'AILA_Q2' is empty"),
        ({"Query_doc": b"AILA_Q1||a\nAILA_Q2||caf\xe9\n"}, r"Query_doc\.txt:2: byte 0xe9"),
        ({"Query_doc": b"AILA_Q1||a\nAILA_Q1||b\n"}, r"query id 'AILA_Q1' is already"),
        (
            {"relevance": b"AILA_Q1 Q0 S1 1\nAILA_Q1 Q0 S77 1\n"},
            r"relevance_judgments_statutes\.txt:2: judgement for unknown document id 'S77'",
        ),
        (
            {"relevance": b"AILA_Q1 Q0 S1 1\nAILA_Q9 Q0 S1 1\n"},
            r"relevance_judgments_statutes\.txt:2: judgement for unknown query id 'AILA_Q9'",
        ),
        ({"relevance": b"AILA_Q1 S1 1\n"}, r"relevance_judgments_statutes\.txt:1: is not"),
    ],
)
def test_fire_errors_name_member_and_line(
    make_params: MakeParams, tmp_path: Path, changed: dict[str, bytes], message: str
) -> None:
    data = make_params("data=aila_fire", "protocol=kfold").data
    with pytest.raises(LexfitError, match=message):
        load(dataclasses.replace(data, path=str(release(tmp_path / "r.zip", **changed))))


def test_fire_path_errors_name_where_the_path_came_from(
    make_params: MakeParams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = make_params("data=aila_fire", "protocol=kfold").data
    with pytest.raises(LexfitError, match=r"data\.path: /nowhere does not exist"):
        load(dataclasses.replace(data, path="/nowhere"))
    monkeypatch.setenv("LEXFIT_AILA_FIRE", "/nowhere/else")
    with pytest.raises(LexfitError, match="environment variable LEXFIT_AILA_FIRE"):
        load(data)
    monkeypatch.delenv("LEXFIT_AILA_FIRE")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LexfitError, match=r"can't be fetched.*data\.path=FILE"):
        load(dataclasses.replace(data, url="http://127.0.0.1:9/AILA.zip"))


def test_a_wrong_checksum_is_refused(make_params: MakeParams, tmp_path: Path) -> None:
    data = make_params("data=aila_fire", "protocol=kfold").data
    with pytest.raises(LexfitError, match=r"data\.sha256"):
        load(dataclasses.replace(data, path=str(release(tmp_path / "r.zip")), sha256="0" * 64))


def test_beir_folder_with_train_and_test_qrels(make_params: MakeParams, tmp_path: Path, collection: Collection) -> None:
    folder = write_beir(tmp_path / "mine", collection)
    loaded = load(dataclasses.replace(make_params("data=beir", "data.license=mit").data, path=str(folder)))
    assert loaded.documents == collection.documents
    assert loaded.queries == collection.queries
    assert sorted(loaded.judgements) == sorted(collection.judgements)


def test_hub_data_that_cannot_be_had_names_the_local_way(
    make_params: MakeParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LexfitError, match="data=aila_fire"):
        load(make_params("data=aila", "protocol=kfold").data)


def mteb_layout(folder: Path, collection: Collection) -> Path:
    """The MTEB data set's layout, as a local data set: shuffled rows, random ids, 82 documents, 217 judgements."""
    rng = random.Random(1)
    keep = set(candidates(collection, "judged"))
    new = {d.id: f"doc{rng.getrandbits(40)}" for d in collection.documents if d.id in keep}
    asked = {q.id: f"query{rng.getrandbits(40)}" for q in collection.queries}
    rows: dict[str, list[dict[str, Any]]] = {
        "corpus": [{"_id": new[d.id], "title": "", "text": d.text} for d in collection.documents if d.id in keep],
        "queries": [{"_id": asked[q.id], "text": q.text} for q in collection.queries],
        "default": [
            {"query-id": asked[j.query_id], "corpus-id": new[j.doc_id], "score": 1.0}
            for j in collection.judgements
            if j.score and j.doc_id in keep
        ],
    }
    folder.mkdir()
    configs = []
    for name, items in rows.items():
        rng.shuffle(items)
        split = "test" if name == "default" else name
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in items))
        configs.append(f"- config_name: {name}\n  data_files:\n  - split: {split}\n    path: {name}.jsonl\n")
    (folder / "README.md").write_text("---\nconfigs:\n" + "".join(configs) + "---\n")
    return folder


def test_aila_and_aila_fire_are_the_same_character_for_character(
    make_params: MakeParams,
    aila_release: Path,
    reference: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    fire = load(dataclasses.replace(make_params("data=aila_fire", "protocol=kfold").data, path=str(aila_release)))
    hub_params = make_params("data=aila", "protocol=kfold").data
    hub = load(dataclasses.replace(hub_params, hub_id=str(mteb_layout(tmp_path / "AILA_statutes", fire))))
    stated = json.loads((reference / "aila_statutes_published_scores.json").read_text())["descriptive_statistics"]

    def texts(collection: Collection) -> tuple[list[str], list[str], list[tuple[str, str]]]:
        document = {d.id: d.full_text for d in collection.documents if d.id in set(candidates(collection, "judged"))}
        query = {q.id: q.text for q in collection.queries}
        pairs = [
            (query[j.query_id], document[j.doc_id]) for j in collection.judgements if j.score and j.doc_id in document
        ]
        return sorted(document.values()), sorted(query.values()), sorted(pairs)

    assert texts(hub) == texts(fire)
    documents, queries, pairs = texts(fire)
    assert (len(documents), len(queries), len(pairs)) == (
        stated["documents"],
        stated["queries"],
        stated["qrels"],
    )
    assert sum(map(len, documents)) == stated["document_characters_total"]
    assert (min(map(len, documents)), max(map(len, documents))) == (
        stated["document_characters_min"],
        stated["document_characters_max"],
    )
    assert sum(map(len, queries)) == stated["query_characters_total"]
    assert len(fire.documents) == 197
    assert sum(j.score > 0 for j in fire.judgements) == 221
