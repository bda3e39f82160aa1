"""One training shared by several processes: each embeds a part of every step's texts, and all compute the same loss.

Data parallelism that averages the losses of parts of a batch changes the mathematics of a contrastive loss, whose
negatives are the rest of the batch. Here every process gets the whole batch, which is a handful of numbers, embeds
its share of the unique texts behind it, and receives the others' embeddings; the loss over all of them is that of one
process, its gradient flows back through a process's own texts, and the processes' gradients add up to the whole one.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist

from lexfit.launch import LAUNCHED, SharedWorkDone, launched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from accelerate import Accelerator

T = TypeVar("T")


def rank() -> int:
    """This process's number."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def world() -> int:
    """How many processes share the training."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def join(device: str) -> None:
    """Meet the other processes that the launcher started, if it started any.

    Args:
        device: Of this process.
    """
    from accelerate import PartialState  # noqa: PLC0415

    if launched() > 1:
        PartialState(cpu=device == "cpu")


def wait() -> None:
    """Go on when every process is here."""
    if world() > 1:
        dist.barrier()


def go_on_alone() -> None:
    """Part from the other processes, whose stage ends here; what follows is done in the first.

    Raises:
        SharedWorkDone: In all but the first.
    """
    if world() == 1:
        return
    from accelerate.state import AcceleratorState, PartialState  # noqa: PLC0415

    first = rank() == 0
    wait()
    PartialState().destroy_process_group()
    AcceleratorState._reset_state(reset_partial_state=True)
    for name in LAUNCHED:
        os.environ.pop(name, None)
    if not first:
        raise SharedWorkDone


def prepare_accelerator(accelerator: Accelerator) -> None:
    """Let every process have whole batches, and the model as it is: gradients are added by `add_gradients`."""
    from accelerate.data_loader import prepare_data_loader  # noqa: PLC0415

    if accelerator.num_processes == 1:
        return

    def whole_batches(loader: Any, *args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        return prepare_data_loader(
            loader,
            accelerator.device,
            num_processes=1,
            process_index=0,
            put_on_device=True,
            even_batches=accelerator.even_batches,
            use_seedable_sampler=accelerator.use_seedable_sampler,
            data_seed=accelerator.dataloader_config.data_seed,
        )

    accelerator.prepare_model = partial(accelerator.prepare_model, evaluation_mode=True)
    accelerator.prepare_data_loader = whole_batches


def share_of(chunks: Sequence[T]) -> list[T]:
    """What belongs to the chunks that this process embeds, of what belongs to each."""
    return list(chunks[rank() :: world()])


def chunk_size(texts: int, most: int) -> int:
    """Texts that a process embeds at once: `most`, or fewer so that each has its share.

    Args:
        texts: Of a step, all processes together.
        most: `hardware.chunk`.
    """
    return max(1, min(most, -(-texts // world())))


def gathered(own: Sequence[Tensor], chunks: Sequence[list[int]], dimension: int) -> Tensor:
    """Embeddings of all chunks in their order, shape (texts, dimension); gradients flow to `own` alone.

    A step may have fewer chunks than there are processes: one without a share gives no gradient, and takes part.

    Args:
        own: Embeddings of `share_of(chunks)`, each of shape (texts of the chunk, dimension).
        chunks: All of them.
        dimension: Of an embedding.

    Raises:
        RuntimeError: A process has embedded other texts than its share.
    """
    if world() == 1:
        return torch.cat(list(own))
    counts = [sum(len(chunk) for chunk in chunks[r :: world()]) for r in range(world())]
    if counts[rank()] != sum(len(part) for part in own):
        raise RuntimeError(
            f"Process {rank()} has {sum(len(part) for part in own)} texts, its share is {counts[rank()]}."
        )
    device = own[0].device if own else torch.device("cpu" if dist.get_backend() == "gloo" else "cuda")
    sent = torch.zeros(max(counts), dimension, device=device)
    if own:
        sent[: counts[rank()]] = torch.cat(list(own)).detach()
    received = [torch.empty_like(sent) for _ in counts]
    dist.all_gather(received, sent)
    placed: list[Tensor] = [sent] * len(chunks)
    for r, block in enumerate(received):
        sizes = [len(chunk) for chunk in chunks[r :: world()]]
        parts = own if r == rank() else torch.split(block[: counts[r]], sizes)
        placed[r :: world()] = list(parts)
    everything = torch.cat(placed)
    return everything if own else everything.requires_grad_()


def add_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Put the sum over the processes in the place of each gradient; of a parameter that none has used it stays None.

    Args:
        parameters: Those that train, in the same order everywhere.
    """
    if world() == 1:
        return
    trained = list(parameters)
    used = torch.tensor([p.grad is not None for p in trained], device=trained[0].device, dtype=torch.int32)
    dist.all_reduce(used)
    for parameter, count in zip(trained, used.tolist(), strict=True):
        if count:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            dist.all_reduce(gradient)
            parameter.grad = gradient


def agree(tensors: Iterable[Tensor]) -> None:
    """Put process 0's values into these tensors everywhere."""
    if world() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)
