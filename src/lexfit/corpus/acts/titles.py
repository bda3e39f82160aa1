"""A section's title as query, its text as document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.corpus.acts.drafts import Draft, Relation, beside, twins

if TYPE_CHECKING:
    from lexfit.corpus.acts.sections import Section


def titles(sections: list[Section], neighbours: dict[str, list[str]]) -> Relation:
    """One query for each section with a title; sections of the same text answer it too."""
    same, relation = twins(sections), Relation(len(sections))
    for section in sections:
        title = section.title.strip(" .")
        if not title:
            relation.dropped["no_title"] += 1
            continue
        positives = same[section.id]
        near = beside([section.id], neighbours, positives)
        relation.drafts.append(Draft(f"titles/{section.id}", "titles", title, positives, near=near))
    return relation
