"""However a step's texts are embedded (chunks, gradient cache, frozen trunk), loss and gradients are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

from lexfit.config import Params
from lexfit.training.batches import TrainingData
from lexfit.training.layers import freeze_below
from lexfit.training.losses import build_objective
from lexfit.training.negative_table import NegativeTable
from lexfit.training.text_loss import TextLoss
from lexfit.training.texts import TextTable
from lexfit.training.trunk import FrozenTrunk
from tests.training.test_batches import build

Make = Callable[..., Params]
LOSSES = {
    "corpus_softmax": ["batches=full"],
    "masked_mnrl": ["batches.negatives=1"],
    "gist": ["batches.negatives=1"],
    "triplet": ["batches.negatives=1"],
    "margin_mse": ["batches.negatives=2"],
    "distill_kl": ["batches.negatives=2"],
}


def make_loss(
    folder: Path, params: Params, data: TrainingData, *, trunk: bool = False, top_layers: int = 1
) -> TextLoss:
    model = SentenceTransformer(str(folder), device="cpu").double()
    freeze_below(model[0].model, top_layers)
    texts = TextTable(model, data.query_texts, data.passages, FrozenTrunk(model) if trunk else None)
    teacher = torch.rand(
        len(data.query_ids), len(data.doc_ids), generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    return TextLoss(
        model,
        texts,
        data,
        build_objective(params.loss, data, lambda name: teacher, params.model.similarity),
        NegativeTable(data.negatives, 8),
        batches=params.batches,
        hardware=params.hardware,
        dims=params.loss.matryoshka_dims,
    )


def value_and_gradients(loss: TextLoss, data: TrainingData) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    loss.zero_grad()
    loss.model.train()
    for module in loss.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    value = loss([], torch.tensor([r["label"] for r in data.rows]))
    value.backward()
    gradients = {n: p.grad.clone() for n, p in loss.model.named_parameters() if p.grad is not None}
    return value.detach(), gradients


def assert_same(first: Any, second: Any) -> None:
    torch.testing.assert_close(first[0], second[0], rtol=1e-9, atol=1e-12)
    assert first[1].keys() == second[1].keys()
    assert any(g.abs().max() > 0 for g in first[1].values())
    for name in first[1]:
        torch.testing.assert_close(first[1][name], second[1][name], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("other", ["hardware.chunk=2", "gradient_cache", "trunk", "trunk and gradient_cache"])
def test_value_and_gradients_equal_those_of_one_plain_pass(
    tiny_model: Path, make_params: Make, name: str, other: str
) -> None:
    data = build()
    plain = make_loss(tiny_model, make_params(f"loss={name}", *LOSSES[name]), data)
    overrides = ["hardware.chunk=2"]
    if "gradient_cache" in other:
        overrides.append("hardware.gradient_cache=true")
    changed = make_loss(
        tiny_model, make_params(f"loss={name}", *LOSSES[name], *overrides), data, trunk="trunk" in other
    )
    assert_same(value_and_gradients(plain, data), value_and_gradients(changed, data))


def test_the_cached_form_is_sentence_transformers_cached_loss(tiny_model: Path, make_params: Make) -> None:
    data = build()
    rows = [0, 2]  # pairs of different queries whose positives are nobody else's
    params = make_params("loss=masked_mnrl", "batches.negatives=0", "hardware.chunk=1", "hardware.gradient_cache=true")
    mine = make_loss(tiny_model, params, data)
    mine.model.eval()
    value = mine([], torch.tensor([data.rows[i]["label"] for i in rows]))
    value.backward()
    model = SentenceTransformer(str(tiny_model), device="cpu").double().eval()
    freeze_below(model[0].model, 1)
    theirs = losses.CachedMultipleNegativesRankingLoss(model, scale=20.0, mini_batch_size=1)
    columns = [[data.rows[i][c] for i in rows] for c in ("anchor", "positive")]
    expected = theirs([dict(model.preprocess(column)) for column in columns], torch.zeros(2))
    expected.backward()
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-8)
    for (name, a), (_, b) in zip(mine.model.named_parameters(), model.named_parameters(), strict=True):
        if a.requires_grad and a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-7, msg=name)


def test_each_unique_text_is_embedded_once(
    tiny_model: Path, make_params: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = build()
    loss = make_loss(tiny_model, make_params("loss=masked_mnrl", "batches.negatives=1"), data)
    seen: list[int] = []
    embed = TextTable.embed

    def counting(self: TextTable, model: Any, indices: Any) -> torch.Tensor:
        seen.extend(indices)
        return embed(self, model, indices)

    monkeypatch.setattr(TextTable, "embed", counting)
    loss([], torch.tensor([r["label"] for r in data.rows]))
    assert len(seen) == len(set(seen)) == 3 + 5  # three queries; positives 1, 2, 3, 5 and negatives 3, 4


def test_matryoshka_sums_the_loss_over_truncated_embeddings(tiny_model: Path, make_params: Make) -> None:
    data = build()
    labels = torch.tensor([r["label"] for r in data.rows])
    both = make_loss(tiny_model, make_params("loss.matryoshka_dims=[32,8]"), data).eval()
    full = make_loss(tiny_model, make_params("loss.matryoshka_dims=[32]"), data).eval()
    cut = make_loss(tiny_model, make_params("loss.matryoshka_dims=[8]"), data).eval()
    plain = make_loss(tiny_model, make_params(), data).eval()
    torch.testing.assert_close(both([], labels), full([], labels) + cut([], labels))
    torch.testing.assert_close(full([], labels), plain([], labels))
    assert abs(float(cut([], labels) - plain([], labels))) > 1e-4


def test_scores_are_the_models_own_similarities(tiny_model: Path, make_params: Make) -> None:
    data = build()
    loss = make_loss(tiny_model, make_params(), data, trunk=True)
    model = loss.model
    similarity = model.similarity(
        model.encode_query(data.query_texts, convert_to_tensor=True),
        model.encode_document(data.passages, convert_to_tensor=True),
    )
    best = torch.stack([similarity[:, [0, 1]].amax(1), *(similarity[:, i] for i in (2, 3, 4, 5))], dim=1)
    torch.testing.assert_close(loss.scores(), best, rtol=1e-6, atol=1e-9, check_dtype=False)


def test_prompts_go_in_front_of_each_kind(tiny_model: Path) -> None:
    model = SentenceTransformer(str(tiny_model), device="cpu").eval()
    model.prompts = {"query": "facts of a case: ", "document": "statute: "}
    table = TextTable(model, ["murder"], ["murder"], None)
    with torch.no_grad():
        query, document = table.embed(model, [0]), table.embed(model, [1])
    torch.testing.assert_close(query[0], model.encode_query("murder", convert_to_tensor=True))
    torch.testing.assert_close(document[0], model.encode_document("murder", convert_to_tensor=True))
    assert not torch.allclose(query, document)
