"""What the parameters of training promise: rates by layer, interpolation, online mining, early stop, clear failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.negatives.mining import negative_weight
from lexfit.training import online
from lexfit.training.arguments import layer_rates
from lexfit.training.interpolation import interpolate
from lexfit.training.memory import explained_memory_errors
from lexfit.training.online import METRIC, InnerEvaluator, mine_by_model
from lexfit.training.steps import StepTrainer
from lexfit.training.texts import TextTable
from lexfit.training.trainer import fine_tune, prepare_loss
from tests.training.test_trainer import make_data

Make = Callable[..., Params]


@pytest.fixture
def params(tiny_model: Path, make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    common = [f"model.path={tiny_model}", "adapter=full", "batches.size=4", "train.learning_rate=0.005"]
    return lambda *overrides: make_params(*common, *overrides)


def test_each_layer_below_learns_slower_by_the_decay() -> None:
    rates = layer_rates(3, 1e-3, 0.5)
    assert list(rates.values()) == pytest.approx([2.5e-4, 5e-4, 1e-3])
    assert layer_rates(3, 1e-3, 1.0) == {}


def test_layer_decay_reaches_the_optimizer(params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, float] = {}
    create = StepTrainer.create_optimizer

    def spying(self: StepTrainer, *args: Any, **kwargs: Any) -> Any:
        optimizer = create(self, *args, **kwargs)
        names = {id(p): n for n, p in self.loss.named_parameters()}
        seen.update(
            {names[id(p)]: g.get("initial_lr", g["lr"]) for g in self.optimizer.param_groups for p in g["params"]}
        )
        return optimizer

    monkeypatch.setattr(StepTrainer, "create_optimizer", spying)
    fine_tune(params("train.layer_decay=0.1", "train.epochs=1"), make_data(), tmp_path / "live")
    rates = {layer: {r for n, r in seen.items() if f"layer.{layer}." in n} for layer in (0, 1)}
    assert [sorted(rates[layer]) for layer in (0, 1)] == [[pytest.approx(5e-4)], [pytest.approx(5e-3)]]


def test_interpolated_weights_lie_between_base_and_tuned(params: Make, tmp_path: Path, tiny_model: Path) -> None:
    whole = fine_tune(params("train.epochs=2"), make_data(), tmp_path / "a").model.state_dict()
    half = fine_tune(
        params("train.epochs=2", "train.interpolation=0.5"), make_data(), tmp_path / "b"
    ).model.state_dict()
    base = SentenceTransformer(str(tiny_model), device="cpu").state_dict()
    moved = 0.0
    for name, value in base.items():
        torch.testing.assert_close(half[name], value + 0.5 * (whole[name] - value))
        moved = max(moved, float((whole[name] - value).abs().max()))
    assert moved > 1e-3


def test_an_interpolated_adapter_is_the_merged_change_scaled(params: Make, tmp_path: Path, tiny_model: Path) -> None:
    overrides = ("adapter=lora", "train.epochs=2")
    whole = fine_tune(params(*overrides), make_data(), tmp_path / "a").model.state_dict()
    part = fine_tune(params(*overrides, "train.interpolation=0.25"), make_data(), tmp_path / "b", tmp_path / "adapter")
    base = SentenceTransformer(str(tiny_model), device="cpu").state_dict()
    changed = [n for n, v in base.items() if not torch.equal(whole[n], v)]
    assert changed
    for name in changed:
        expected = base[name] + 0.25 * (whole[name] - base[name])
        torch.testing.assert_close(part.model.state_dict()[name], expected, rtol=1e-4, atol=1e-6)


def test_what_is_no_parameter_is_not_interpolated() -> None:
    base = {"parameter/w": torch.zeros(2), "buffer/negatives": torch.tensor([1, 2])}
    tuned = {"parameter/w": torch.ones(2), "buffer/negatives": torch.tensor([3, 4])}
    half = interpolate(base, tuned, 0.5)
    assert half["parameter/w"].tolist() == [0.5, 0.5]
    assert half["buffer/negatives"].tolist() == [3, 4]


def test_online_mining_takes_what_the_current_model_ranks_highest_and_no_known_positive(
    params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = params("batches=online", "batches.size=4", "batches.remine_every=2", "train.epochs=3")
    data = make_data()
    loss = prepare_loss(chosen, data)
    scores = loss.scores()
    mined = mine_by_model(loss, data, chosen.negatives)
    for row, found in enumerate(mined):
        ranked = [c for c in scores[row].argsort(descending=True, stable=True).tolist() if c not in data.positives[row]]
        assert [data.doc_of_passage[p] for p, _ in found] == ranked[: chosen.negatives.per_query]
    rounds = []

    def spying(*args: Any) -> Any:
        rounds.append(mine_by_model(*args))
        return rounds[-1]

    monkeypatch.setattr(online, "mine_by_model", spying)
    fine_tune(chosen, data, tmp_path / "live")
    assert len(rounds) == 2  # after steps 2 and 4 of 6; after the last it would serve nobody
    assert rounds[0] != mined or rounds[1] != rounds[0]


def test_weights_by_rank_fall_and_have_mean_one() -> None:
    weights = [negative_weight("rank", rank, 4) for rank in range(1, 5)]
    assert sum(weights) / 4 == pytest.approx(1.0, abs=1e-5)
    assert weights[0] == pytest.approx(2 * weights[1], rel=1e-5)
    assert negative_weight("uniform", 3, 4) == 1.0


def test_early_stopping_keeps_the_epoch_that_the_inner_fold_ranks_best(
    params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[tuple[float, dict[str, torch.Tensor]]] = []
    planned = iter([0.2, 0.6, 0.5, 0.4, 0.9])

    def planned_score(self: InnerEvaluator, *args: Any, **kwargs: Any) -> dict[str, float]:
        value = next(planned)
        model = self._loss.model
        states.append((value, {n: t.clone() for n, t in model.state_dict().items()}))
        return {METRIC: value}

    monkeypatch.setattr(InnerEvaluator, "__call__", planned_score)
    data = make_data(inner=True)
    trained = fine_tune(params("train.early_stopping=2", "train.epochs=5", "crossval=five"), data, tmp_path / "live")
    assert [value for value, _ in states] == [0.2, 0.6, 0.5, 0.4]  # two epochs without gain end it
    for name, tensor in trained.model.state_dict().items():
        assert torch.equal(tensor, states[1][1][name]), name
    assert trained.facts["inner_queries"] == ["q0", "q4"]
    assert trained.facts["queries"] == 6


def test_the_inner_score_is_that_of_the_held_back_queries(params: Make) -> None:
    data = make_data(inner=True)
    loss = prepare_loss(params(), data)
    scores = loss.scores()
    gains = []
    for row in data.inner:
        rank = 1 + int((scores[row] > scores[row, min(data.positives[row])]).sum())
        gains.append(1 / torch.log2(torch.tensor(rank + 1.0)).item() if rank <= 10 else 0.0)
    assert InnerEvaluator(loss, data)(None)[METRIC] == pytest.approx(sum(gains) / len(gains), abs=1e-6)


def test_an_exploding_loss_stops_with_step_and_batch(
    params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lexfit.training.text_loss import TextLoss

    forward = TextLoss.forward
    count = iter(range(100))

    def growing(self: TextLoss, features: Any, labels: torch.Tensor) -> torch.Tensor:
        return forward(self, features, labels) * 10.0 ** next(count)

    monkeypatch.setattr(TextLoss, "forward", growing)
    with pytest.raises(LexfitError, match=r"training step 3: the loss has grown from .* on the batch with queries q\d"):
        fine_tune(params("train.epochs=3", "train.learning_rate=1e-6"), make_data(), tmp_path / "live")


def test_out_of_memory_names_the_settings_to_lower(
    params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextTable, "embed", lambda *args: torch.empty(2**48))  # a petabyte, refused by the allocator
    with pytest.raises(LexfitError, match=r"memory ran out .*hardware\.chunk.*gradient_cache.*batches\.size"):
        fine_tune(params("train.epochs=1"), make_data(), tmp_path / "live")


def test_other_errors_are_not_taken_for_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explained_memory_errors():
        raise RuntimeError("shapes don't match")


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss=corpus_softmax", "batches=full", "loss.soft_labels=bm25", "loss.soft_weight=0.2"],
        ["loss=corpus_softmax", "batches=full", "loss.soft_labels=base", "loss.soft_weight=0.2", "train.dropout=0.1"],
        ["loss=corpus_softmax", "batches=full", "loss.label_smoothing=0.1"],
        ["loss=gist", "loss.teacher=bm25"],
        ["loss=triplet"],
        ["loss=margin_mse", "batches.negatives=2"],
        ["loss=distill_kl", "batches.negatives=2", "loss.teacher=bm25", "loss.soft_temperature=5"],
        ["loss=masked_mnrl", "loss.matryoshka_dims=[32,8]", "loss.symmetric=true"],
        ["batches=no_duplicates", "batches.size=3"],
        ["negatives.weighting=rank", "batches.negative_weight=2"],
    ],
)
def test_every_loss_trains_by_its_configuration_and_falls(params: Make, tmp_path: Path, overrides: list[str]) -> None:
    trained = fine_tune(params("train.epochs=8", "negatives.rank_max=6", *overrides), make_data(), tmp_path / "live")
    losses = [point["loss"] for point in trained.curve]
    steps = len(losses) // 8
    assert sum(losses[-steps:]) < sum(losses[:steps])
    assert trained.facts["loss"]["name"].endswith("Loss")


def test_a_corpus_above_the_limit_is_refused(params: Make, tmp_path: Path) -> None:
    with pytest.raises(LexfitError, match=r"loss\.corpus_limit: is 7, and a step of corpus_softmax would encode 8"):
        fine_tune(params("loss=corpus_softmax", "batches=full", "loss.corpus_limit=7"), make_data(), tmp_path / "live")
