"""The loss equals sentence-transformers' where nothing is masked, and a naive computation where something is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer, losses

from lexfit.training.losses.masked_mnrl import MaskedMultipleNegativesRankingLoss, candidate_mask


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_model), device="cpu")


def embeddings(columns: int, batch: int = 4, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 8, generator=generator, requires_grad=True) for _ in range(columns)]


def naive(es: list[torch.Tensor], labels: torch.Tensor, relevance: torch.Tensor, scale: float) -> torch.Tensor:
    """Row by row: the own positive against each other document once that isn't a known positive."""
    total = torch.zeros(())
    documents, ids = torch.cat(es[1:]), labels[:, 1:].T.reshape(-1).tolist()
    for i, anchor in enumerate(es[0]):
        scores = torch.nn.functional.cosine_similarity(anchor[None], documents) * scale
        terms, seen = [scores[i]], set()
        for j, doc in enumerate(ids):
            if doc not in seen and not relevance[labels[i, 0], doc]:
                terms.append(scores[j])
                seen.add(doc)
        total = total + torch.logsumexp(torch.stack(terms), 0) - scores[i]
    return total / len(es[0])


def test_without_masks_it_is_multiple_negatives_ranking(model: SentenceTransformer) -> None:
    es = embeddings(3)
    labels = torch.tensor([[i, i, 4 + i] for i in range(4)])
    relevance = torch.eye(4, 8, dtype=torch.bool)
    mine = MaskedMultipleNegativesRankingLoss(model, relevance).compute_loss_from_embeddings(es, labels)
    theirs = losses.MultipleNegativesRankingLoss(model, scale=20.0).compute_loss_from_embeddings(es, labels)
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("seed", range(5))
def test_value_and_gradient_equal_the_naive_computation(model: SentenceTransformer, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    relevance = torch.rand(5, 6, generator=generator) < 0.3
    queries = torch.randint(0, 5, (4,), generator=generator)
    relevance[queries, torch.arange(4)] = True
    labels = torch.stack([queries, torch.arange(4), torch.randint(0, 6, (4,), generator=generator)], dim=1)
    mine, reference = embeddings(3, seed=seed), embeddings(3, seed=seed)
    loss = MaskedMultipleNegativesRankingLoss(model, relevance).compute_loss_from_embeddings(mine, labels)
    expected = naive(reference, labels, relevance, 20.0)
    torch.testing.assert_close(loss, expected)
    for a, b in zip(torch.autograd.grad(loss, mine), torch.autograd.grad(expected, reference), strict=True):
        torch.testing.assert_close(a, b)


def test_known_positives_and_repeats_are_masked() -> None:
    relevance = torch.tensor([[True, True, False], [False, True, False]])
    mask = candidate_mask(torch.tensor([0, 1]), torch.tensor([0, 1, 2, 2]), relevance)
    assert mask.tolist() == [[True, False, True, False], [True, True, True, False]]


def test_a_masked_positive_gets_no_gradient(model: SentenceTransformer) -> None:
    es = embeddings(2, batch=2)
    relevance = torch.tensor([[True, True], [True, True]])
    labels = torch.tensor([[0, 0], [1, 1]])
    loss = MaskedMultipleNegativesRankingLoss(model, relevance).compute_loss_from_embeddings(es, labels)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert all(not g.any() for g in torch.autograd.grad(loss, es))


def test_symmetric_without_masks_is_the_mean_of_both_directions(model: SentenceTransformer) -> None:
    es = embeddings(2)
    labels = torch.tensor([[i, i] for i in range(4)])
    loss = MaskedMultipleNegativesRankingLoss(model, torch.eye(4, dtype=torch.bool), symmetric=True)
    theirs = losses.MultipleNegativesRankingLoss(
        model, scale=20.0, directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction"
    )
    torch.testing.assert_close(
        loss.compute_loss_from_embeddings(es, labels), theirs.compute_loss_from_embeddings(es, labels)
    )


def test_wrong_arguments_are_refused(model: SentenceTransformer) -> None:
    with pytest.raises(ValueError, match="boolean tensor"):
        MaskedMultipleNegativesRankingLoss(model, torch.eye(2))
    with pytest.raises(ValueError, match="temperature"):
        MaskedMultipleNegativesRankingLoss(model, torch.eye(2, dtype=torch.bool), temperature=0)
