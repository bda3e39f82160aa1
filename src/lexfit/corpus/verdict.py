"""What the audit concludes: the report's figures, and the error that stops the pipeline on a leak."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lexfit.corpus.audit import extract
from lexfit.corpus.source_groups import CONTAINMENT, EVIDENCE
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lexfit.config import Params

SHOWN = 50


def verdict(protocol: str, held_out: int, leaks: int) -> str:
    """One line."""
    if leaks:
        return f"leak: {leaks} pairs that protocol {protocol} forbids"
    if protocol == "kfold":
        return "clean: no training text was found to leak a query into another fold"
    if not held_out:
        return f"nothing is held out under {protocol}: pairs are shown, none is forbidden"
    return f"clean: none of the {held_out} held-out queries was found in what trains"


def how(pair: dict[str, Any]) -> str:
    """The measure that makes a pair worth showing, in words."""
    if "cosine" in pair:
        return f"cosine similarity {pair['cosine']:.3f}"
    if "evidence" in pair:
        return f"{pair['containment']:.0%} of the query's runs, evidence {pair['evidence']:.2f}"
    if pair["exact"]:
        return "the same words"
    parts = [f"{pair['share_of_training']:.0%} of the training text's n-grams"]
    parts += [f"{pair['share_of_evaluation']:.0%} of the evaluation text's"]
    return ", ".join(parts + ([f"Jaccard {pair['jaccard']:.2f}"] if pair["jaccard"] else []))


def methods(params: Params, *, embedded: bool) -> dict[str, Any]:
    """Limits of each comparison; null for embeddings that weren't compared."""
    audit = params.audit
    embedding = {
        "model": params.model.name,
        "threshold": audit.embedding_threshold,
        "failure": audit.embedding_failure,
    }
    return {
        "ngram": {"words": params.protocol.overlap_words, "share": params.protocol.overlap_share},
        "near_duplicate": {"jaccard": audit.near_duplicate},
        "sources": {"containment": CONTAINMENT, "evidence": EVIDENCE},
        "embedding": embedding if embedded else None,
    }


def make_report(
    protocol: str,
    settings: dict[str, Any],
    compared: dict[str, int],
    pairs: list[dict[str, Any]],
    summary: dict[str, Any],
) -> dict[str, Any]:
    """What reports/audit.json holds but the data sets to declare.

    Args:
        protocol: Its name.
        settings: Of `methods`.
        compared: How many texts of each kind were compared.
        pairs: All pairs found; of each combination of kinds the first ones are shown, and every leak.
        summary: That of stage pairs: what it dropped, and `corpus_seen`.
    """
    leaks = [pair for pair in pairs if pair["leak"]]
    shown: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for pair in [*leaks, *(pair for pair in pairs if not pair["leak"])]:
        kinds = f"{pair['training_kind']} and evaluation {pair['evaluation_kind']}"
        kinds += ", by embedding" if "cosine" in pair else ""
        counts[kinds] += 1
        if pair["leak"] or counts[kinds] <= SHOWN:
            shown.append(pair)
    return {
        "protocol": protocol,
        "verdict": verdict(protocol, compared["held_out_queries"], len(leaks)),
        "leaks": len(leaks),
        "compared": compared,
        "methods": settings,
        "found": dict(sorted(counts.items())),
        "pairs": shown,
        "dropped": [{**d, "shared": extract(d["shared"])} for d in summary["dropped"]],
        "corpus_seen": {key: summary["corpus_seen"][key] for key in ("documents", "of")},
    }


def refuse_leaks(report: dict[str, Any], sources: Sequence[str], where: str, details: Path) -> None:
    """Raise `LexfitError` for the first leak of a report.

    Args:
        report: Of `make_report`.
        sources: Names of the further sources.
        where: The stage and the file at fault.
        details: Where the whole report can be read.
    """
    for pair in report["pairs"]:
        if not pair["leak"]:
            continue
        source = pair["training"].split("/", 1)[0]
        remedy = (
            f"Set `-S data.train.{source}.overlap=drop`, or remove it from that source"
            if source in sources
            else "Remove it from the training data"
        )
        raise LexfitError(
            where,
            f"training {pair['training_kind']} {pair['training']!r} overlaps with evaluation query "
            f"{pair['evaluation']!r}: {how(pair)} (“{pair['shared']}”); {report['leaks']} such pairs in {details}",
            f"{remedy}; or choose a protocol that allows it (all_labels)",
        )
