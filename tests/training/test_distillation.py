"""Teachers' scores reach sentence-transformers' losses at the right place, and the least loss is the teacher's own."""

from __future__ import annotations

import pytest
import torch
from sentence_transformers import util
from sentence_transformers.sentence_transformer import losses

from lexfit.training.losses.distillation import distill_kl, margin_mse
from lexfit.training.losses.triplet import MinedTripletLoss

LABELS = torch.tensor([[0, 1, 0, 2], [1, 2, 3, 0]])  # query, positive, two negatives
TEACHER = torch.tensor([[1.0, 4.0, 2.0, 8.0], [0.0, 0.5, 1.0, 0.25]])


def embeddings(columns: int = 4, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 8, generator=generator, requires_grad=True) for _ in range(columns)]


def test_margins_are_the_teachers_scaled_by_query() -> None:
    es = embeddings()
    cosines = [util.pairwise_cos_sim(es[0], e) for e in es[1:]]
    student = torch.stack([cosines[0] - cosines[1], cosines[0] - cosines[2]], dim=1)
    teacher = torch.tensor([[(4 - 1) / 8, (4 - 2) / 8], [1 - 0.25, 1 - 0.0]])
    expected = ((student - teacher) ** 2).mean()
    torch.testing.assert_close(margin_mse(TEACHER).compute_loss_from_embeddings(es, LABELS), expected)


def test_dot_products_keep_the_teachers_own_margins() -> None:
    es = embeddings()
    dots = [util.pairwise_dot_score(es[0], e) for e in es[1:]]
    student = torch.stack([dots[0] - dots[1], dots[0] - dots[2]], dim=1)
    expected = ((student - torch.tensor([[3.0, 2.0], [0.75, 1.0]])) ** 2).mean()
    torch.testing.assert_close(margin_mse(TEACHER, "dot").compute_loss_from_embeddings(es, LABELS), expected)


def test_a_teacher_without_any_score_is_no_division_by_zero() -> None:
    loss = margin_mse(torch.zeros(2, 4)).compute_loss_from_embeddings(embeddings(), LABELS)
    assert torch.isfinite(loss)


def test_kl_is_zero_where_the_student_agrees_and_positive_elsewhere() -> None:
    queries = torch.nn.functional.normalize(torch.randn(2, 8, generator=torch.Generator().manual_seed(3)), dim=1)
    documents = torch.nn.functional.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(4)), dim=1)
    es = [queries, *(documents[LABELS[:, c]] for c in (1, 2, 3))]
    same = distill_kl(queries @ documents.T, 0.1, 0.1).compute_loss_from_embeddings(es, LABELS)
    other = distill_kl(TEACHER, 0.1, 0.1).compute_loss_from_embeddings(es, LABELS)
    assert same.item() == pytest.approx(0.0, abs=1e-6)
    assert other.item() > 1e-3


def test_triplets_are_weighted_as_their_negatives() -> None:
    es = embeddings(3)
    loss = MinedTripletLoss(margin=1.0)
    plain = losses.TripletLoss(model=None, triplet_margin=1.0).compute_loss_from_embeddings(es, LABELS)
    torch.testing.assert_close(loss.compute_loss_from_embeddings(es, LABELS), plain)
    torch.testing.assert_close(loss.compute_loss_from_embeddings(es, LABELS, torch.ones(2, 1)), plain)
    first = losses.TripletLoss(model=None, triplet_margin=1.0).compute_loss_from_embeddings([e[:1] for e in es], LABELS)
    weighted = loss.compute_loss_from_embeddings(es, LABELS, torch.tensor([[1.0], [1e-9]]))
    torch.testing.assert_close(weighted, first, rtol=1e-4, atol=1e-6)
