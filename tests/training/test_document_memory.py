"""Documents that a step doesn't embed count as they last were; over n steps each has its whole gradient once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lexfit.config import Params
from lexfit.training.document_memory import DocumentMemory
from lexfit.training.text_loss import TextLoss
from lexfit.training.texts import TextTable
from lexfit.training.trainer import fine_tune, prepare_loss
from tests.training.test_trainer import make_data

Make = Callable[..., Params]
LABELS = torch.tensor([row["label"] for row in make_data().rows])


def asked(memory: DocumentMemory, passages: torch.Tensor, scale: float = 1.0) -> tuple[list[int], torch.Tensor]:
    """One step: the passages that it embeds, each as its number times `scale`, and what it then has of all."""
    unknown = memory.unknown(passages)
    memory.remember(unknown, unknown[:, None].expand(-1, 2).float())
    due = memory.due(passages)
    fresh = (passages[due][:, None] * scale).expand(-1, 2).float()
    return passages[due].tolist(), memory.completed(passages, due, fresh)


def test_each_passage_is_embedded_once_in_n_steps() -> None:
    memory, passages = DocumentMemory(7, 2, 3), torch.arange(7)
    steps = [asked(memory, passages)[0] for _ in range(6)]
    assert steps[:3] == steps[3:]
    assert sorted(p for step in steps[:3] for p in step) == passages.tolist()


def test_others_count_as_they_last_were() -> None:
    memory, passages = DocumentMemory(4, 2, 2), torch.arange(4)
    embedded, found = asked(memory, passages, scale=10.0)
    assert embedded == [0, 2]
    assert found[:, 0].tolist() == [0, 1, 20, 3]
    assert asked(memory, passages, scale=100.0)[1][:, 0].tolist() == [0, 100, 20, 300]


def test_turns_are_those_of_the_steps_that_ask_for_a_passage() -> None:
    """Sources that take turns with their batches: none of their documents is passed over for good."""
    memory, sources = DocumentMemory(4, 2, 2), (torch.tensor([0, 1]), torch.tensor([2, 3]))
    embedded = [asked(memory, sources[step % 2])[0] for step in range(6)]
    assert embedded == [[0], [2], [1], [3], [0], [2]]


def loss_of(folder: Path, make_params: Make, *overrides: str) -> TextLoss:
    common = [f"model.path={folder}", "adapter=full", "loss=corpus_softmax", "batches=full", "batches.size=8"]
    loss = prepare_loss(make_params(*common, *overrides), make_data())
    loss.model.train()
    return loss


def gradient(loss: TextLoss) -> torch.Tensor:
    loss.model.zero_grad()
    loss([], LABELS).backward()
    return torch.cat([p.grad.flatten() for p in loss.model.parameters() if p.grad is not None])


@pytest.mark.parametrize("other", ["hardware.gradient_cache=true", "hardware.chunk=1", "loss.matryoshka_dims=[8,16]"])
def test_over_n_steps_without_an_update_documents_have_their_whole_gradient_once(
    tiny_model: Path, make_params: Make, other: str
) -> None:
    """The mean gradient of n steps is that of a step that embeds all, and each step's loss is that one's."""
    whole = loss_of(tiny_model, make_params, other)
    expected, value = gradient(whole), float(whole([], LABELS).detach())
    loss = loss_of(tiny_model, make_params, other, "batches.refresh_documents=3")
    steps = [gradient(loss) for _ in range(3)]
    torch.testing.assert_close(sum(steps) / 3, expected, rtol=1e-3, atol=1e-6)
    assert not torch.allclose(steps[0], expected, rtol=1e-3, atol=1e-6)
    assert float(loss([], LABELS).detach()) == pytest.approx(value, rel=1e-5)


def test_it_trains_and_embeds_fewer_documents(
    tiny_model: Path, make_params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["loss=corpus_softmax", "batches=full", "batches.size=4", "train.epochs=10", "train.learning_rate=0.005"]
    params = make_params(f"model.path={tiny_model}", "adapter=full", *common, "batches.refresh_documents=4")
    embedded: list[int] = []
    embed = TextTable.embed

    def counted(self: TextTable, model: object, indices: list[int]) -> torch.Tensor:
        embedded.extend(i for i in indices if i >= self.queries)
        return embed(self, model, indices)

    monkeypatch.setattr(TextTable, "embed", counted)
    curve = fine_tune(params, make_data(), tmp_path / "live").curve
    assert len(embedded) == 8 + len(curve) * 8 // 4  # all once, then a quarter of eight in each step
    assert sum(p["loss"] for p in curve[-4:]) < 0.8 * sum(p["loss"] for p in curve[:4])
