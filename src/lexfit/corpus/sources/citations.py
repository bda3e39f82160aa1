"""Judgments as training data: passages of a case as queries, the statutes that it cites as what they should find.

FIRE's gold for a query is the set of statutes that its judgment cites, so other judgments supervise the task by
themselves: no query of the task and no judgement of relevance is read here.
"""

from __future__ import annotations

import logging
import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.archive import Archive, sha256_of
from lexfit.corpus.citations.acts import ActFinder, load_acts
from lexfit.corpus.citations.masking import masked
from lexfit.corpus.citations.passages import body_of, passages, year_of
from lexfit.corpus.citations.resolver import Resolver
from lexfit.corpus.records import Collection, Judgement, Query
from lexfit.corpus.sources.aila_fire import locate
from lexfit.corpus.sources.options import CitationOptions, options_of
from lexfit.corpus.sources.statutes import statutes, title_of
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8
from lexfit.parallel import in_processes
from lexfit.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import TrainSourceParams

logger = logging.getLogger(__name__)
TABLE = Path("data/sources/aila/statutes.csv")


class Case(NamedTuple):
    """A judgment, its year, and how often it cites each statute of the corpus."""

    id: str
    text: str
    cited: Counter[str]


def read_cases(archive: Archive, targets: dict[tuple[str, str], str]) -> tuple[list[Case], Counter[str]]:
    """All judgments with their citations of the corpus, and counts of citations by what became of them.

    Args:
        archive: The release.
        targets: Document id by Act and section.
    """
    names = [name for name in archive.names if re.search(r"(^|/)Object_casedocs/C[0-9]{1,9}\.txt$", name)]
    if not names:
        raise LexfitError(str(archive.path), "has no Object_casedocs/C*.txt", "Use the whole FIRE release")
    names.sort(key=lambda name: int(Path(name).stem[1:]))
    texts = [decode_utf8(archive.read(name), f"{archive.path}!{name}") for name in names]
    counts, cases = Counter[str](), []
    for name, text, found in zip(names, texts, in_processes(resolved, texts), strict=True):
        cited = Counter(targets[sections] for sections in found if sections in targets)
        counts.update(resolved=len(found), in_corpus=sum(cited.values()))
        cases.append(Case(Path(name).stem, text, cited))
    return cases, counts


def resolved(texts: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Act and section of each citation of each judgment."""
    resolver = Resolver(ActFinder(load_acts()))
    return [[(c.act, c.section) for c in resolver.citations(text, year_of(text))] for text in texts]


def load(source: TrainSourceParams, key: str, seed: int) -> Collection:
    """Queries from cases, the statutes as documents, citation counts as scores.

    Cases and statutes held out for measuring are drawn by `seed`. Queries of held-out cases have the split `held_out`;
    held-out statutes are judged for those alone.

    Raises:
        LexfitError: The release or the independent texts can't be had, or no case cites a statute often enough.
    """
    options = options_of(CitationOptions, source, key)
    path, address = locate(source, key)
    digest = sha256_of(path)
    if source.sha256 and digest != source.sha256:
        raise LexfitError(
            f"params.yaml: {key}.sha256", f"{path.name} has sha256 {digest}", "Correct the file or the key"
        )
    archive = Archive(path)
    table = read_rows(TABLE, ["id", "act", "section", "equivalent"])
    documents, targets, origin = statutes(options, archive, table, key)
    cases, counts = read_cases(archive, targets)
    citing = Counter(doc_id for case in cases for doc_id in case.cited)
    often = {doc_id for doc_id, number in citing.items() if number >= options.min_cases}
    rng = random.Random(seed)
    unseen = set(rng.sample(sorted(often), round(options.held_out_statutes * len(often))))
    held_out = set(rng.sample([c.id for c in cases], round(options.held_out_cases * len(cases))))
    statutes_found = len(documents)
    if options.texts == "independent":
        documents = [d for d in documents if d.id in often]
    titles = {d.id: title_of(d) for d in documents}
    queries, judgements, groups = [], [], {}
    for case in cases:
        is_held_out = case.id in held_out
        cited = {d: n for d, n in case.cited.items() if d in often and (is_held_out or d not in unseen)}
        if not cited:
            counts["cases_without_statute"] += 1
            continue
        groups[case.id] = case.text
        for number, passage in enumerate(passages(body_of(case.text), options.passages, options.passage_words), 1):
            text = masked(passage, [titles[d] for d in cited]) if options.mask else " ".join(passage.split())
            query = Query(f"{case.id}.{number}", text, "held_out" if is_held_out else "train", case.id)
            queries.append(query)
            judgements += [Judgement(query.id, d, n) for d, n in sorted(cited.items())]
    if not queries:
        raise LexfitError(
            f"params.yaml: {key}.options.min_cases", f"is {options.min_cases}, which leaves no query", "Lower it"
        )
    used = {
        **counts,
        "cases": len(cases),
        "cases_used": len(groups),
        "cases_held_out": sum(case in held_out for case in groups),
        "statutes": statutes_found,
        "statutes_kept_as_documents": len(documents),
        "statutes_cited_by_a_case": len(citing),
        "statutes_cited_often_enough": len(often),
        "statutes_held_out": sorted(unseen),
    }
    logger.info("%s", ", ".join(f"{name} {value}" for name, value in used.items()))
    facts = {
        "source": "citations",
        "address": address,
        "revision": source.revision,
        "license": source.license,
        "sha256": digest,
        "texts": origin,
        "citations": used,
    }
    return validate(Collection(documents, queries, judgements, facts, groups=groups))
