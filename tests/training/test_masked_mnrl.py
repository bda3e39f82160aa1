"""The loss equals sentence-transformers' where nothing is masked, and a naive computation where something is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

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
    mine = MaskedMultipleNegativesRankingLoss(relevance).compute_loss_from_embeddings(es, labels)
    theirs = losses.MultipleNegativesRankingLoss(model, scale=20.0).compute_loss_from_embeddings(es, labels)
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("seed", range(5))
def test_value_and_gradient_equal_the_naive_computation(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    relevance = torch.rand(5, 6, generator=generator) < 0.3
    queries = torch.randint(0, 5, (4,), generator=generator)
    relevance[queries, torch.arange(4)] = True
    labels = torch.stack([queries, torch.arange(4), torch.randint(0, 6, (4,), generator=generator)], dim=1)
    mine, reference = embeddings(3, seed=seed), embeddings(3, seed=seed)
    loss = MaskedMultipleNegativesRankingLoss(relevance).compute_loss_from_embeddings(mine, labels)
    expected = naive(reference, labels, relevance, 20.0)
    torch.testing.assert_close(loss, expected)
    for a, b in zip(torch.autograd.grad(loss, mine), torch.autograd.grad(expected, reference), strict=True):
        torch.testing.assert_close(a, b)


def test_known_positives_and_repeats_are_masked() -> None:
    relevance = torch.tensor([[True, True, False], [False, True, False]])
    mask = candidate_mask(torch.tensor([0, 1]), torch.tensor([0, 1, 2, 2]), relevance)
    assert mask.tolist() == [[True, False, True, False], [True, True, True, False]]


def test_a_masked_positive_gets_no_gradient() -> None:
    es = embeddings(2, batch=2)
    relevance = torch.tensor([[True, True], [True, True]])
    labels = torch.tensor([[0, 0], [1, 1]])
    loss = MaskedMultipleNegativesRankingLoss(relevance).compute_loss_from_embeddings(es, labels)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert all(not g.any() for g in torch.autograd.grad(loss, es))


def test_symmetric_without_masks_is_the_mean_of_both_directions(model: SentenceTransformer) -> None:
    es = embeddings(2)
    labels = torch.tensor([[i, i] for i in range(4)])
    loss = MaskedMultipleNegativesRankingLoss(torch.eye(4, dtype=torch.bool), symmetric=True)
    theirs = losses.MultipleNegativesRankingLoss(
        model, scale=20.0, directions=("query_to_doc", "doc_to_query"), partition_mode="per_direction"
    )
    torch.testing.assert_close(
        loss.compute_loss_from_embeddings(es, labels), theirs.compute_loss_from_embeddings(es, labels)
    )


def test_weights_multiply_the_negatives_exponentials() -> None:
    es = embeddings(3)
    labels = torch.tensor([[i, i, 4 + i] for i in range(4)])
    relevance = torch.eye(4, 8, dtype=torch.bool)
    loss = MaskedMultipleNegativesRankingLoss(relevance)
    weights = torch.tensor([[2.0], [1.0], [0.5], [1.0]])
    scores = loss.similarity_fct(es[0], torch.cat(es[1:])) * loss.scale
    factors = torch.cat([torch.ones(4), weights[:, 0]])
    expected = (torch.log((scores.exp() * factors).sum(1)) - scores.diagonal()).mean()
    torch.testing.assert_close(loss.compute_loss_from_embeddings(es, labels, weights), expected)
    plain = loss.compute_loss_from_embeddings(es, labels)
    torch.testing.assert_close(loss.compute_loss_from_embeddings(es, labels, torch.ones(4, 1)), plain)


def test_with_a_guide_it_is_gist_where_no_further_positive_is_known(model: SentenceTransformer) -> None:
    texts = [f"text number {i} about {w}" for i, w in enumerate(["tax", "theft", "land", "murder"] * 3)]
    anchors, positives, negatives = texts[:4], texts[4:8], texts[8:]
    guide = model.encode(anchors + positives + negatives, convert_to_tensor=True, normalize_embeddings=True)
    theirs = losses.GISTEmbedLoss(
        model, model, temperature=0.05, contrast_anchors=False, contrast_positives=False, margin=0.01
    )
    features = [dict(model.preprocess(column)) for column in (anchors, positives, negatives)]
    expected = theirs(features, torch.zeros(4))
    embedded = [
        model(dict(model.preprocess(column)))["sentence_embedding"] for column in (anchors, positives, negatives)
    ]
    labels = torch.tensor([[i, i, 4 + i] for i in range(4)])
    relevance = torch.eye(4, 8, dtype=torch.bool)
    mine = MaskedMultipleNegativesRankingLoss(relevance, guide=guide[:4] @ guide[4:].T, margin=0.01)
    value = mine.compute_loss_from_embeddings(embedded, labels)
    assert value.item() != pytest.approx(
        MaskedMultipleNegativesRankingLoss(relevance).compute_loss_from_embeddings(embedded, labels).item()
    )
    torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="boolean tensor"):
        MaskedMultipleNegativesRankingLoss(torch.eye(2))
    with pytest.raises(ValueError, match="temperature"):
        MaskedMultipleNegativesRankingLoss(torch.eye(2, dtype=torch.bool), temperature=0)
