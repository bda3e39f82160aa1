"""The corpus softmax equals a naive computation, in value and gradient, and its targets are distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from lexfit.config import Params
from lexfit.training.losses import build_objective
from lexfit.training.losses.corpus_softmax import (
    CorpusSoftmaxLoss,
    best_passage,
    soft_cross_entropy,
    softmax_over,
    target_distribution,
)
from tests.training.test_trainer import make_data


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)


def naive(
    queries: torch.Tensor, passages: torch.Tensor, owners: list[int], relevance: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Query by query, document by document, in the words of the definition."""
    total = queries.new_zeros(())
    for i, query in enumerate(queries):
        scores = []
        for document in range(relevance.shape[1]):
            own = [passages[p] for p in range(len(owners)) if owners[p] == document]
            scores.append(torch.stack([torch.cosine_similarity(query, p, dim=0) for p in own]).max() / temperature)
        logs = torch.stack(scores) - torch.logsumexp(torch.stack(scores), 0)
        positives = relevance[i].nonzero()[:, 0]
        total = total - logs[positives].mean()
    return total / len(queries)


@pytest.mark.parametrize("owners", [[0, 1, 2, 3], [0, 0, 1, 2, 2, 2, 3]])
@pytest.mark.parametrize("seed", range(3))
def test_value_and_gradient_equal_the_naive_computation(owners: list[int], seed: int) -> None:
    relevance = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 0]], dtype=torch.bool)
    allowed = torch.ones_like(relevance)
    targets = target_distribution(relevance, allowed)
    loss = CorpusSoftmaxLoss(targets, allowed, torch.tensor(owners), temperature=0.1)
    queries, passages = draw(3, 8, seed=seed), draw(len(owners), 8, seed=seed + 9)
    value = loss(queries, passages, torch.arange(3), torch.arange(len(owners)))
    expected = naive(queries, passages, owners, relevance, 0.1)
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=1e-8)
    for mine, theirs in zip(
        torch.autograd.grad(value, (queries, passages)), torch.autograd.grad(expected, (queries, passages)), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_documents_of_another_source_take_no_part() -> None:
    relevance = torch.tensor([[True, False, False, False]])
    allowed = torch.tensor([[True, True, False, False]])
    loss = CorpusSoftmaxLoss(target_distribution(relevance, allowed), allowed, torch.arange(4))
    queries, passages = draw(1, 8), draw(4, 8, seed=1)
    value = loss(queries, passages, torch.arange(1), torch.arange(4))
    gradient = torch.autograd.grad(value, passages, retain_graph=True)[0]
    assert gradient[:2].abs().sum() > 0
    assert not gradient[2:].any()
    alone = loss(queries, passages[:2], torch.arange(1), torch.arange(2))  # and they needn't be encoded at all
    torch.testing.assert_close(value, alone)


def test_targets_mix_positives_uniform_and_another_ranker() -> None:
    relevance = torch.tensor([[True, True, False, False, False]])
    allowed = torch.tensor([[True, True, True, True, False]])
    soft = softmax_over(torch.tensor([[3.0, 1.0, 2.0, 0.0, 9.0]]), allowed, 0.5)
    targets = target_distribution(relevance, allowed, smoothing=0.2, soft=soft, soft_weight=0.3)
    assert soft[0, 4] == 0
    # Half of the target to two positives, a fifth to four documents, the rest as the other ranker has it.
    torch.testing.assert_close(targets - 0.3 * soft, torch.tensor([[0.3, 0.3, 0.05, 0.05, 0.0]]))
    assert targets.sum().item() == pytest.approx(1.0)


def test_graded_positives_share_the_target_as_their_scores_say() -> None:
    gains = torch.tensor([[3.0, 1.0, 0.0, 5.0]])
    allowed = torch.tensor([[True, True, True, False]])
    torch.testing.assert_close(target_distribution(gains, allowed), torch.tensor([[0.75, 0.25, 0.0, 0.0]]))
    alike = target_distribution(gains > 0, allowed)
    torch.testing.assert_close(alike, torch.tensor([[0.5, 0.5, 0.0, 0.0]]))


@pytest.mark.parametrize(("weights", "expected"), [("graded", [0.75, 0.25]), ("uniform", [0.5, 0.5])])
def test_the_parameter_chooses_graded_or_even_targets(
    make_params: Callable[..., Params], weights: str, expected: list[float]
) -> None:
    data = replace(make_data(), positives=[{0: 3, 1: 1}, *make_data().positives[1:]])
    params = make_params("loss=corpus_softmax", "batches=full", f"loss.positive_weights={weights}")
    objective = build_objective(params.loss, data, lambda name: torch.zeros(0), "cosine")
    assert isinstance(objective, CorpusSoftmaxLoss)
    assert objective.targets[0, :2].tolist() == pytest.approx(expected)


def test_the_least_loss_is_the_targets_entropy() -> None:
    allowed = torch.ones(1, 3, dtype=torch.bool)
    targets = torch.tensor([[0.5, 0.3, 0.2]])
    entropy = -(targets * targets.log()).sum()
    torch.testing.assert_close(soft_cross_entropy(targets.log(), targets, allowed), entropy)
    assert soft_cross_entropy(torch.zeros(1, 3), targets, allowed) > entropy


def test_a_document_scores_as_its_best_passage() -> None:
    scores = torch.tensor([[0.1, 0.9, 0.4]])
    best = best_passage(scores, torch.tensor([0, 0, 2]), 3)
    assert best.tolist()[0][0] == pytest.approx(0.9)
    assert best.tolist()[0][1] == -torch.inf


def test_a_model_that_ranks_by_dot_product_trains_by_it() -> None:
    relevance = torch.tensor([[True, False]])
    allowed = torch.ones_like(relevance)
    loss = CorpusSoftmaxLoss(
        target_distribution(relevance, allowed), allowed, torch.arange(2), temperature=1.0, similarity="dot"
    )
    queries, passages = draw(1, 8), draw(2, 8, seed=1)
    expected = -torch.log_softmax(queries @ passages.T, dim=1)[0, 0]
    torch.testing.assert_close(loss(queries, passages, torch.arange(1), torch.arange(2)), expected)
    assert loss.get_config_dict()["similarity_fct"] == "dot_score"


def test_wrong_arguments_are_refused() -> None:
    allowed = torch.ones(1, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match="temperature"):
        CorpusSoftmaxLoss(torch.tensor([[1.0, 0.0]]), allowed, torch.arange(2), temperature=0)
    with pytest.raises(ValueError, match="boolean"):
        CorpusSoftmaxLoss(torch.tensor([[1.0, 0.0]]), allowed.float(), torch.arange(2))
    with pytest.raises(ValueError, match="without a known positive"):
        CorpusSoftmaxLoss(torch.tensor([[0.0, 0.0]]), allowed, torch.arange(2))
