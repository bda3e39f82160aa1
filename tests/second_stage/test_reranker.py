"""A reranker learns to tell the positive, takes the best passage and window, and survives a kill and a reload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder
from transformers import (
    AutoModelForCausalLM,
    BertForSequenceClassification,
    TrainerCallback,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from lexfit.config import Params
from lexfit.config_second_stage import RerankerParams
from lexfit.errors import LexfitError
from lexfit.second_stage.reranker import load_reranker, rerank
from lexfit.second_stage.reranker_training import train_phase
from lexfit.training.base_models import prepare_torch
from tests.training.architectures import SIZE, config_of, tokenizer_of

COLOURS = ["red", "blue", "green", "black"]
Rows = list[dict[str, object]]


@pytest.fixture
def params(tiny_model: Path, make_params: Callable[..., Params]) -> Params:
    place = "second_stage.rerankers.reranker"
    small = [f"{place}.model.path={tiny_model}", f"{place}.max_length=32", f"{place}.dropout=0.0"]
    phase = [f"{place}.further.{key}" for key in ("steps=30", "queries=4", "negatives=3", "learning_rate=5e-3")]
    return make_params("second_stage=reranker", *small, *phase)


def own(params: Params) -> RerankerParams:
    return params.second_stage.rerankers["reranker"]


def rows(loss: str) -> Rows:
    """The positive is the one that says that it applies."""
    lists: Rows = []
    for number in range(40):
        colours = COLOURS[number % 4 :] + COLOURS[: number % 4]
        documents = [f"{colours[0]} law that applies", *(f"a {colour} house" for colour in colours[1:])]
        off = -float("inf") if loss == "listnet" else 0.0
        on = 0.0 if loss == "listnet" else 1.0
        if loss == "bce":
            lists += [
                {"query": f"the {colours[0]} house", "document": d, "label": float(i == 0)}
                for i, d in enumerate(documents)
            ]
        else:
            lists.append({"query": f"the {colours[0]} house", "documents": documents, "label": [on, off, off, off]})
    return lists


def fresh(params: Params) -> CrossEncoder:
    prepare_torch(params.hardware, params.seed)
    return load_reranker(own(params), params.hardware, params.runtime)


def trained(params: Params, loss: str, folder: Path) -> tuple[CrossEncoder, list[dict[str, float]]]:
    model = fresh(params)
    settings = replace(own(params), loss=loss)  # type: ignore[arg-type]
    curve = train_phase(
        model,
        rows(loss),
        settings,
        settings.further,
        hardware=params.hardware,
        runtime=params.runtime,
        seed=1,
        folder=folder,
    )
    return model, curve


def weights(model: CrossEncoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("loss", ["listnet", "lambda", "bce"])
def test_each_loss_learns_what_the_positives_have(params: Params, tmp_path: Path, loss: str) -> None:
    model, curve = trained(params, loss, tmp_path / "c")
    assert len(curve) == 30
    assert sum(p["loss"] for p in curve[-5:]) < sum(p["loss"] for p in curve[:5])
    queries = {colour: f"the {colour} house" for colour in COLOURS}
    passages = {"applies": ["some law that applies"], "house": ["a white house"], "green": ["a green house"]}
    candidates = {q: {"house": 3.0, "green": 2.0, "applies": 1.0} for q in queries}
    run = rerank(model, queries, passages, candidates, own(params), depth=3, batch_size=8)
    assert all(max(scores, key=scores.__getitem__) == "applies" for scores in run.values())


def test_the_same_seed_gives_the_same_weights_and_a_killed_training_too(
    params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = weights(trained(params, "listnet", tmp_path / "a")[0])
    assert not (tmp_path / "a").exists()

    class KilledError(Exception):
        pass

    def kill(self: TrainerCallback, args: object, state: object, control: object, **kwargs: object) -> None:
        if state.global_step == 25:  # type: ignore[attr-defined]
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(TrainerCallback, "on_step_end", kill)
        with pytest.raises(KilledError):
            trained(params, "listnet", tmp_path / "b")
    assert (tmp_path / "b" / "checkpoint-20" / "complete").exists()
    resumed = weights(trained(params, "listnet", tmp_path / "b")[0])
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_reloaded_equals_trained(params: Params, tmp_path: Path) -> None:
    model, _ = trained(params, "listnet", tmp_path / "c")
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    pairs = [("the red house", "a red house"), ("the red house", "a blue house, long " * 20)]
    again = CrossEncoder(str(tmp_path / "saved"), device="cpu")
    kept = weights(again)
    assert all(torch.equal(weight, kept[name]) for name, weight in weights(model).items())
    # where weights lie in memory decides which kernels add them up, hence the last digit
    assert np.allclose(model.predict(pairs), again.predict(pairs), rtol=0, atol=1e-6)
    assert list((tmp_path / "saved").glob("*.safetensors"))


def test_the_best_passage_and_the_best_window_count(params: Params) -> None:
    model = fresh(params)
    text = " ".join(f"w{i}" for i in range(60))
    passages = {"d": ["alpha beta", "gamma delta"], "e": ["beta"], "f": ["never read"]}
    candidates = {"q": {"d": 3.0, "e": 2.0, "f": 1.0}}
    settings = replace(own(params), windows=2, window_words=40)
    run = rerank(model, {"q": text}, passages, candidates, settings, depth=2, batch_size=1)
    words = text.split()
    windows = [" ".join(words[:40]), " ".join(words[20:])]
    pairs = [(window, passage) for window in windows for passage in passages["d"]]
    expected = model.predict(pairs, activation_fn=torch.nn.Identity(), batch_size=1).max()
    assert set(run["q"]) == {"d", "e"}
    assert run["q"]["d"] == pytest.approx(float(expected))


def test_only_the_top_layers_train(params: Params, tmp_path: Path) -> None:
    before = weights(fresh(params))
    place = "reranker"
    changed = replace(own(params), top_layers=1)
    settings = replace(params, second_stage=replace(params.second_stage, rerankers={place: changed}))
    after = weights(trained(settings, "listnet", tmp_path / "c")[0])
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("layer.1." in name for name in moved)
    assert any("classifier" in name for name in moved)
    assert not [name for name in moved if "layer.0." in name or "embeddings" in name]


def test_a_model_that_cannot_be_had_is_named(params: Params) -> None:
    absent = replace(own(params), model=replace(own(params).model, path=None, package=None, hub_id="no/such"))
    with pytest.raises(LexfitError, match=r"no/such at revision .* can't be loaded as a cross-encoder"):
        load_reranker(absent, params.hardware, params.runtime)


@pytest.mark.parametrize("architecture", ["bert", "qwen3", "xlm-roberta"])
def test_rerankers_of_the_hub_load_with_their_head_or_a_fresh_one_and_train(
    params: Params, tmp_path: Path, architecture: str
) -> None:
    """ms-marco-MiniLM is a BERT with a head, bge-reranker an XLM-RoBERTa with one, Qwen3-Reranker says yes or no."""
    tokenizer = tokenizer_of("qwen3" if architecture == "qwen3" else "bert")
    torch.manual_seed(0)
    if architecture == "qwen3":
        plain = AutoModelForCausalLM.from_config(config_of("qwen3", len(tokenizer)))
    elif architecture == "bert":
        config = config_of("bert", len(tokenizer))
        config.num_labels = 1
        plain = BertForSequenceClassification(config)
    else:
        sizes = {**SIZE, "vocab_size": len(tokenizer), "max_position_embeddings": 80}
        config = XLMRobertaConfig(**sizes, num_labels=1, pad_token_id=tokenizer.pad_token_id)
        plain = XLMRobertaForSequenceClassification(config)
    plain.save_pretrained(tmp_path / "hub")
    tokenizer.save_pretrained(tmp_path / "hub")
    changed = replace(own(params), model=replace(own(params).model, path=str(tmp_path / "hub"), package=None))
    settings = replace(params, second_stage=replace(params.second_stage, rerankers={"reranker": changed}))
    model = fresh(settings)
    if architecture == "qwen3":
        assert model[1].true_token_id != model[1].false_token_id
    else:
        heads, kept = [name for name in weights(model) if "classifier" in name], plain.state_dict()
        assert heads
        assert all(torch.equal(kept[name.split("model.", 1)[1]], weights(model)[name]) for name in heads)
    pairs = [("the red house", "a red house"), ("the red house", "a blue house, long " * 4)]
    alone = torch.tensor([float(model.predict([pair])[0]) for pair in pairs])
    assert torch.allclose(torch.tensor(model.predict(pairs)), alone, atol=1e-5)
    trained_model, curve = trained(settings, "listnet", tmp_path / "c")
    assert sum(p["loss"] for p in curve[-5:]) < sum(p["loss"] for p in curve[:5])
    trained_model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    again = CrossEncoder(str(tmp_path / "saved"), device="cpu")
    assert np.allclose(trained_model.predict(pairs), again.predict(pairs), rtol=0, atol=1e-5)
