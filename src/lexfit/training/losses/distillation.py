"""sentence-transformers' distillation losses, with the teacher's scores looked up by query and document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SimilarityFunction
from sentence_transformers.sentence_transformer import losses
from torch import Tensor, nn

if TYPE_CHECKING:
    from lexfit.config import Similarity


class TeacherLoss(nn.Module):
    """MarginMSE or KL divergence to a teacher's scores of the positive and the mined negatives.

    Args:
        loss: `MarginMSELoss` or `DistillKLDivLoss`.
        teacher: Scores, shape (queries, documents).

    The `labels` of a batch have shape (batch, 2 + negatives): query, positive's and negatives' documents.
    """

    teacher: Tensor

    def __init__(self, loss: losses.MarginMSELoss | losses.DistillKLDivLoss, teacher: Tensor) -> None:
        super().__init__()
        self.loss = loss
        self.register_buffer("teacher", teacher, persistent=False)

    def compute_loss_from_embeddings(
        self, embeddings: list[Tensor], labels: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The loss of one batch; `embeddings` are anchors, positives, and each column of negatives."""
        del weights  # these losses take one teacher score for each negative instead
        scores = self.teacher[labels[:, :1], labels[:, 1:]]  # (batch, 1 + negatives)
        value: Tensor = self.loss.compute_loss_from_embeddings(embeddings, scores)
        return value

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of this loss."""
        return dict(self.loss.get_config_dict())


def margin_mse(teacher: Tensor, similarity: Similarity = "cosine") -> TeacherLoss:
    """`MarginMSELoss` on the model's similarities; for cosines a teacher's scores are put on their scale, by query.

    Args:
        teacher: Scores, shape (queries, documents); for `cosine` each row is divided by its largest
            absolute score.
        similarity: `cosine` or `dot`, as the model ranks.
    """
    if similarity == "cosine":
        largest = teacher.abs().amax(dim=1, keepdim=True)
        teacher = teacher / torch.where(largest > 0, largest, torch.ones_like(largest))
    function = SimilarityFunction.to_similarity_pairwise_fn(similarity)
    return TeacherLoss(losses.MarginMSELoss(model=None, similarity_fct=function), teacher)


def distill_kl(
    teacher: Tensor, temperature: float, teacher_temperature: float, similarity: Similarity = "cosine"
) -> TeacherLoss:
    """`DistillKLDivLoss` on the model's similarities.

    Args:
        teacher: Scores, shape (queries, documents).
        temperature: Divides the student's similarities.
        teacher_temperature: Divides the teacher's scores.
        similarity: `cosine` or `dot`, as the model ranks.
    """
    loss = losses.DistillKLDivLoss(
        model=None,
        similarity_fct=SimilarityFunction.to_similarity_pairwise_fn(similarity),
        student_temperature=temperature,
        teacher_temperature=teacher_temperature,
    )
    return TeacherLoss(loss, teacher)
