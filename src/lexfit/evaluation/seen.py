"""Whether what is scored beside the target took part in training: a label for each score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.corpus.guard import fingerprints, overlaps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lexfit.config import ProtocolParams, SourceParams


def label_task(
    name: str,
    address: str,
    texts: tuple[dict[str, str], dict[str, str]],
    training: dict[str, str],
    *,
    declared: Collection[str],
    base: Collection[str] | None,
    sources: Iterable[SourceParams],
    protocol: ProtocolParams,
) -> dict[str, Any]:
    """`clean`, a `label` that says why, and how many of a task's queries and documents share text with what trained.

    Args:
        name: mteb's name of the task.
        address: Of its data set on the Hub.
        texts: Its queries and its documents, by id.
        training: Every text that trained, queries and documents, by id.
        declared: mteb's names of the data sets that trained the model, from the audit.
        base: Those that trained the base model (`base_datasets`); None where that isn't known.
        sources: What trained, for sources that are on the Hub under the task's address.
        protocol: `overlap_words` and `overlap_share` say what counts as shared.
    """
    queries, documents = (_shared(own, training, protocol) for own in texts)
    seen = f"{len(queries)} of {len(texts[0])} queries and {len(documents)} of {len(texts[1])} documents share text"
    if name in declared or any(source.hub_id == address for source in sources):
        clean, label = False, f"contaminated: {name} is among the data that trained the model ({seen} with them)"
    elif name in (base or ()):
        clean, label = False, f"contaminated: {name} is among the data that trained the base model"
    elif queries:
        clean, label = False, f"contaminated: {seen} with what trained"
    elif documents:
        clean, label = True, f"clean: no query trained the model, but {seen} with what did"
    else:
        clean, label = True, "clean: neither queries nor documents share text with what trained"
    if clean and base is None:
        label += "; what trained the base model isn't declared in mteb"
    return {"clean": clean, "label": label, "queries_seen": len(queries), "documents_seen": len(documents)}


def base_datasets(hub_id: str) -> set[str] | None:
    """What mteb declares a base model to be trained on, similar data sets included; None if that isn't known."""
    import mteb  # noqa: PLC0415  (slow)

    try:
        found: set[str] | None = mteb.get_model_meta(hub_id).get_training_datasets()
    except KeyError:
        return None
    return found


def _shared(texts: dict[str, str], training: dict[str, str], protocol: ProtocolParams) -> set[str]:
    prints = fingerprints(texts, protocol.overlap_words)
    return {overlap.second for overlap in overlaps(training, prints, protocol.overlap_share)}
