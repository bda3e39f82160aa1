"""A language model names known statutes and no others, learns which, and survives a kill, a reload and 4 bits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import TrainerCallback

from lexfit.config import Params
from lexfit.config_second_stage import ListwiseParams
from lexfit.errors import LexfitError
from lexfit.second_stage.listwise import Lister, name_statutes
from lexfit.second_stage.listwise_training import IGNORED, answers, collator, examples, micro_batch, train_phase
from lexfit.training.base_models import prepare_torch
from lexfit.training.batches import build_training_data
from tests.conftest import write_writer

Make = Callable[..., Params]
COLOURS = ["red", "blue", "green", "black"]
NAMES = {colour: f"{colour} things and their law" for colour in COLOURS} | {"red2": "red things and their law"}
QUERIES = {colour: f"the {colour} house was sold" for colour in COLOURS}


@pytest.fixture(scope="module", params=["llama", "mistral", "gemma"])
def writer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random language model, with its head tied to its embeddings, and a tokenizer of the real class."""
    return write_writer(tmp_path_factory.mktemp(request.param), request.param)


def with_model(make_params: Make, folder: Path, *overrides: str) -> Params:
    place = "second_stage.listwise.listwise"
    small = [f"{place}.model.path={folder}", f"{place}.model.package=null", f"{place}.model.gguf_file=null"]
    phase = [f"{place}.further.{key}" for key in ("steps=60", "queries=4", "learning_rate=7e-3")]
    return make_params("second_stage=listwise", *small, *phase, f"{place}.count=3", *overrides)


@pytest.fixture
def params(writer: Path, make_params: Make) -> Params:
    return with_model(make_params, writer)


def own(params: Params) -> ListwiseParams:
    return params.second_stage.listwise["listwise"]


def lister(params: Params, folder: Path | None = None) -> Lister:
    prepare_torch(params.hardware, params.seed)
    return Lister(own(params), params.hardware, params.runtime, folder)


def trained(params: Params, folder: Path) -> tuple[Lister, list[dict[str, float]]]:
    model = lister(params)
    facts = [QUERIES[COLOURS[i % 4]] for i in range(240)]
    rows = examples(model, facts, [[NAMES[COLOURS[i % 4]]] for i in range(240)])
    phase = own(params).further
    curve = train_phase(model, rows, phase, hardware=params.hardware, runtime=params.runtime, seed=1, folder=folder)
    return model, curve


def weights(model: Lister) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.model.named_parameters() if "lora" in name}


def test_known_statutes_are_named_each_once_and_as_many_as_asked(params: Params) -> None:
    model = lister(params)
    for count in (3, 9):
        model.params = replace(own(params), count=count)
        run = name_statutes(model, QUERIES, NAMES, batch_size=3)
        assert list(run) == list(QUERIES)
        for scores in run.values():
            assert set(scores) <= set(NAMES)
            assert ("red" in scores) == ("red2" in scores)
            assert sorted({*scores.values()}, reverse=True) == [float(n) for n in range(min(count, 4), 0, -1)]


def test_a_batch_names_what_each_query_alone_does(params: Params) -> None:
    model = lister(params)
    together = name_statutes(model, QUERIES, NAMES, batch_size=4)
    assert together == name_statutes(model, QUERIES, NAMES, batch_size=1)


def test_training_teaches_which_statutes_apply(params: Params, tmp_path: Path) -> None:
    model, curve = trained(params, tmp_path / "c")
    assert sum(p["loss"] for p in curve[-5:]) < 0.7 * sum(p["loss"] for p in curve[:5])
    run = name_statutes(model, QUERIES, NAMES, batch_size=4)
    assert all(scores[colour] == max(scores.values()) for colour, scores in run.items())


def test_a_killed_training_goes_on_to_the_same_weights_and_saved_adapters_name_the_same(
    params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = trained(params, tmp_path / "a")

    class KilledError(Exception):
        pass

    def kill(self: TrainerCallback, args: object, state: object, control: object, **kwargs: object) -> None:
        if state.global_step == 25:  # type: ignore[attr-defined]
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(TrainerCallback, "on_step_end", kill)
        with pytest.raises(KilledError):
            trained(params, tmp_path / "b")
    assert (tmp_path / "b" / "checkpoint-20" / "complete").exists()
    resumed, whole = weights(trained(params, tmp_path / "b")[0]), weights(model)
    assert whole
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)

    model.save(tmp_path / "saved")
    assert list((tmp_path / "saved").glob("*.safetensors"))
    assert str(tmp_path) not in (tmp_path / "saved" / "adapter_config.json").read_text()
    modules = json.loads((tmp_path / "saved" / "adapter_config.json").read_text())["target_modules"]
    assert modules == sorted(modules)
    again = lister(params, tmp_path / "saved")
    assert all(torch.equal(whole[name], found) for name, found in weights(again).items())
    assert name_statutes(again, QUERIES, NAMES, 4) == name_statutes(model, QUERIES, NAMES, 4)


def test_four_bits_train_and_name(writer: Path, make_params: Make, tmp_path: Path) -> None:
    params = with_model(make_params, writer, "hardware.quantization=nf4", "adapter=lora")
    model, curve = trained(params, tmp_path / "c")
    assert any(type(module).__name__ == "Linear4bit" for module in model.model.modules())
    assert sum(p["loss"] for p in curve[-5:]) < 0.8 * sum(p["loss"] for p in curve[:5])
    run = name_statutes(model, QUERIES, NAMES, batch_size=4)
    assert all(set(scores) <= set(NAMES) for scores in run.values())


def test_the_answer_is_learned_and_the_question_isnt(params: Params) -> None:
    model = lister(params)
    (row,) = examples(model, ["the red house"], [["theft", "murder"]])
    learned = [token for token in row["labels"] if token != IGNORED]
    theft, murder = model.tokens(["theft", "murder"])
    assert learned == [*theft, model.separator, *murder, model.end]
    assert row["input_ids"][-len(learned) :] == learned
    assert row["input_ids"][: -len(learned)] == model.prompt("the red house")


def test_logits_of_answers_alone_give_the_loss_and_gradients_of_all(params: Params) -> None:
    model = lister(params)
    model.model.double()
    facts = ["the red house", "the blue house was sold twice to the same man"]
    rows = examples(model, facts, [["theft", "murder"], ["theft of a thing"]])
    batch = collator(model.tokenizer)(rows)
    plain = {name: value for name, value in batch.items() if name not in {"logits_to_keep", "shift_labels"}}
    found = []
    for inputs in (batch, plain):
        model.model.zero_grad()
        output = model.model(**inputs)
        output.loss.backward()
        gradients = [p.grad.clone() for p in model.model.parameters() if p.grad is not None]
        found.append((output.loss.detach(), output.logits.shape[1], gradients))
    (loss, kept, own_gradients), (whole_loss, every, whole_gradients) = found
    longest = max(len([token for token in row["labels"] if token != IGNORED]) for row in rows)
    assert (kept, every) == (longest + 1, batch["input_ids"].shape[1])
    torch.testing.assert_close(loss, whole_loss)
    torch.testing.assert_close(own_gradients, whole_gradients)
    assert any(float(gradient.abs().max()) for gradient in own_gradients)


def test_facts_are_cut_to_the_tokens_that_are_read(params: Params) -> None:
    model = lister(params)
    long = "facts about murder " * 400
    assert len(model.prompt(long)) - len(model.prompt("")) <= own(params).facts_tokens + 2
    assert model.prompt(long) == model.prompt(long + "and more")


def test_names_that_a_tokenizer_cant_tell_apart_are_refused(params: Params) -> None:
    with pytest.raises(LexfitError, match="apart"):
        name_statutes(lister(params), QUERIES, {"a": "theft", "b": ""}, 1)


def test_answers_list_positives_by_judgement_equal_ones_in_drawn_orders() -> None:
    documents = [{"id": f"d{i}", "source": "task", "passages": [f"law {i}"]} for i in range(5)]
    grades = {"d0": 1, "d1": 3, "d2": 1, "d3": 2, "d4": 0}
    query = {"id": "q", "source": "task", "text": "q", "clean_text": "q", "positives": list(grades)}
    pairs = [{"query_id": "q", "doc_id": d, "score": score} for d, score in grades.items()]
    data = build_training_data([query], documents, pairs, [], per_pair=0)
    names = {f"d{i}": f"n{i}" for i in range(5)}
    listed = answers(data, [0] * 40, names, 9, seed=1)
    assert {tuple(own[:2]) for own in listed} == {("n1", "n3")}
    assert {tuple(own[2:]) for own in listed} == {("n0", "n2"), ("n2", "n0")}
    assert listed == answers(data, [0] * 40, names, 9, seed=1)
    assert answers(data, [0], names, 2, seed=1) == [["n1", "n3"]]


def test_a_step_is_made_of_equal_parts() -> None:
    assert [micro_batch(queries, limit) for queries, limit in ((8, 32), (8, 5), (7, 3), (1, 1))] == [8, 4, 1, 1]
