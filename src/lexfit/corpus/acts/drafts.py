"""What a relation of statute law gives: queries with the sections that answer them, and those that don't."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lexfit.corpus.acts.sections import Section


@dataclass(frozen=True)
class Draft:
    """A query before the corpus is chosen.

    `positives` are what the relation points to, `related` documents that are relevant too but never the point (the
    section that a passage was taken from), `near` documents that stand beside a positive.
    """

    id: str
    kind: str
    text: str
    positives: tuple[str, ...]
    related: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


@dataclass
class Relation:
    """All drafts of one kind, and how many candidates were dropped, by reason."""

    candidates: int = 0
    drafts: list[Draft] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def twins(sections: Iterable[Section]) -> dict[str, tuple[str, ...]]:
    """For each section, the sections of the same text, itself among them: what answers a query, they answer too."""
    by_text: dict[str, list[str]] = defaultdict(list)
    for section in sections:
        by_text[section.text].append(section.id)
    return {own: tuple(ids) for ids in by_text.values() for own in ids}


def beside(positives: Iterable[str], neighbours: dict[str, list[str]], never: Iterable[str]) -> tuple[str, ...]:
    """Neighbours of the positives, without those that are positives or in `never`, in order and once each."""
    targets = list(positives)
    banned = {*targets, *never}
    return tuple(dict.fromkeys(n for target in targets for n in neighbours.get(target, []) if n not in banned))


def merged(relation: Relation, max_positives: int) -> Relation:
    """The relation with drafts of the same text made one; those that end up with too many positives are dropped."""
    by_text: dict[str, list[Draft]] = defaultdict(list)
    for draft in relation.drafts:
        by_text[draft.text.casefold()].append(draft)
    result = Relation(relation.candidates, [], Counter(relation.dropped))
    for found in by_text.values():
        positives = tuple(dict.fromkeys(p for d in found for p in d.positives))
        if len(positives) > max_positives:
            result.dropped["too_common"] += len(found)
            continue
        result.dropped["same_text"] += len(found) - 1
        related = tuple(dict.fromkeys(r for d in found for r in d.related if r not in positives))
        banned = {*positives, *related}
        near = tuple(dict.fromkeys(n for d in found for n in d.near if n not in banned))
        result.drafts.append(replace(found[0], positives=positives, related=related, near=near))
    return result


def draw(relation: Relation, count: int | None, seed: int, kind: str) -> Relation:
    """The relation with at most `count` drafts, drawn evenly by `seed` and kept in order; the rest is counted."""
    if count is None or len(relation.drafts) <= count:
        return relation
    places = sorted(random.Random(f"{seed}/{kind}").sample(range(len(relation.drafts)), count))
    dropped = relation.dropped + Counter(not_drawn=len(relation.drafts) - count)
    return Relation(relation.candidates, [relation.drafts[place] for place in places], dropped)
