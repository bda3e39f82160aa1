"""What is trained once serves wherever it would come out the same, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from lexfit.config import Params
from lexfit.config_second_stage import RerankerParams
from lexfit.evaluation.runs import Run
from lexfit.second_stage import reranker_trainings
from lexfit.second_stage.reranker_trainings import RerankerTrainings
from lexfit.second_stage.trainings import START, Trainings

Make = Callable[..., Params]


def records(fold: int = 0, further: str = "a case") -> dict[str, list[dict[str, Any]]]:
    def query(name: str, source: str, text: str, fold: int) -> dict[str, Any]:
        return {"id": name, "source": source, "clean_text": text, "text": text, "positives": ["d"], "fold": fold}

    return {
        "queries": [query("q", "task", "facts", fold), query("cases/q", "cases", further, -1)],
        "documents": [{"id": "d", "source": "task", "passages": ["law"]}],
        "pairs": [{"query_id": name, "doc_id": "d", "score": 1} for name in ("q", "cases/q")],
        "negatives": [],
    }


class Counted(Trainings[list[str], RerankerParams]):
    """A model that is the list of its trainings."""

    fits: list[str]

    def fresh(self) -> list[str]:
        return []

    def loaded(self, folder: Path) -> list[str]:
        return (folder / "model").read_text().split()

    def save(self, model: list[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model").write_text(" ".join(model))

    def fit(self, model: list[str], excluded: frozenset[int], *, first: bool) -> dict[str, Any]:
        model.append(START if first else f"without-{'-'.join(map(str, sorted(excluded)))}")
        self.fits.append(model[-1])
        return {"trained": list(model)}

    def rank(self, model: list[str], queries: dict[str, str], excluded: frozenset[int]) -> Run:
        return {query: {" ".join(model): 1.0} for query in queries}

    def ranking_key(self, excluded: frozenset[int]) -> str:
        return "same"


@pytest.fixture
def params(tiny_model: Path, make_params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    place = "second_stage.rerankers.reranker.model"
    return make_params("second_stage=reranker", f"{place}.path={tiny_model}", f"model.path={tiny_model}")


def counted(params: Params, own: dict[str, list[dict[str, Any]]], fits: list[str]) -> Counted:
    found = Counted(params, params.second_stage.rerankers["reranker"], "rerankers", own)
    found.fits = fits
    return found


def test_protocols_with_the_same_further_sources_share_the_start_and_nothing_else(params: Params) -> None:
    fits: list[str] = []
    for fold in (0, 1):
        run, facts = counted(params, records(fold), fits).held_out_run(frozenset({fold}))
        assert run == {"q": {f"start without-{fold}": 1.0}}
        assert facts["trained"] == [START, f"without-{fold}"]
    assert fits == [START, "without-0", "without-1"]
    counted(params, records(0, "another case"), fits).held_out_run(frozenset({0}))
    assert fits[3:] == [START, "without-0"]
    counted(params, records(0), fits).held_out_run(frozenset({0}))
    assert len(fits) == 5


def test_checkpoints_of_the_start_are_where_every_protocol_finds_them(params: Params) -> None:
    one, other = (counted(params, records(fold), []) for fold in (0, 1))
    assert one.checkpoints(START) == other.checkpoints(START)
    assert one.checkpoints("0") != other.checkpoints("0")
    assert START not in {path.name for path in one.checkpoints(START).parents}  # that folder is the finished start


def test_a_reranker_depends_on_the_model_that_mines_its_negatives(
    params: Params, make_params: Make, tiny_model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    (file,) = other.rglob("*.safetensors")
    tensors = load_file(file)
    name = next(n for n, t in tensors.items() if t.dtype == torch.float32)
    save_file({**tensors, name: tensors[name] + 1}, file, metadata={"format": "pt"})
    place = "second_stage.rerankers.reranker.model"
    changed = make_params("second_stage=reranker", f"{place}.path={tiny_model}", f"model.path={other}")
    folders = [RerankerTrainings(own, "reranker", records()).start_folder for own in (params, changed, params)]
    assert folders[0] == folders[2] != folders[1]


@pytest.mark.parametrize("changed", ["clean.split=clause", "second_stage.depth=13", "evaluation.batch_size=3"])
def test_a_ranking_depends_on_how_candidates_are_read(
    params: Params, make_params: Make, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(reranker_trainings, "first_stage_run", lambda _: {"q": {"d": 1.0}})
    place = "second_stage.rerankers.reranker.model"
    common = ("second_stage=reranker", f"{place}.path={tiny_model}", f"model.path={tiny_model}")
    keys = [
        RerankerTrainings(own, "reranker", records()).ranking_key(frozenset({0}))
        for own in (params, make_params(*common), make_params(*common, changed))
    ]
    assert keys[0] == keys[1] != keys[2]
