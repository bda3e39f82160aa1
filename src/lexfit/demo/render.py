"""The page's HTML. Every text that comes from statutes, queries or a run's files is escaped here."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from lexfit.demo.excerpts import marked, without_title
from lexfit.demo.sentences import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lexfit.demo.about import About
    from lexfit.demo.excerpts import Segment
    from lexfit.demo.moves import Move
    from lexfit.demo.side_by_side import Comparison, Found
    from lexfit.search.rankers import Method

TITLES: dict[Method, tuple[str, str]] = {
    "bm25": ("BM25", "words in common"),
    "base": ("Base model", "before fine-tuning"),
    "finetuned": ("Fine-tuned", "after fine-tuning"),
}


def hint(text: str) -> str:
    """A quiet line above or instead of results."""
    return f'<p class="lf-hint" role="status">{escape(text)}</p>'


def header(about: About, statutes: int) -> str:
    """Name, what the page does, and what it isn't."""
    return (
        '<header class="lf-head"><p class="lf-brand">lexfit</p><h1>Which statutes apply?</h1>'
        f"<p>Paste the facts of a case. Three methods rank the {statutes:,} {escape(about.statutes)} side by side: "
        "BM25, the base model, and the model that was fine-tuned. "
        "<strong>This is research, not legal advice.</strong> What you type is neither logged nor kept.</p></header>"
    )


def waiting() -> str:
    """What stands where the results will be."""
    steps = "".join(
        f"<li><strong>{escape(title)}</strong><span>{escape(what)}</span></li>"
        for title, what in (
            ("BM25", "ranks by words in common, and marks them"),
            ("Base model", "ranks by meaning as it was learned from general text"),
            ("Fine-tuned", "ranks by meaning as it was learned from law"),
        )
    )
    return f'<div class="lf-waiting"><ul>{steps}</ul></div>'


def footer(about: About, examples: str) -> str:
    """The model, its protocol and claim, the statutes' source and licence."""
    corpus = about.corpus
    revision = f", revision {corpus['revision']}" if corpus["revision"] else ""
    rows = [
        ("Model", f"{about.model} ({about.licence}), fine-tuned from {about.base}"),
        ("Protocol", f"{about.protocol}, seed {about.seed}"),
        ("Score", f"{about.claim_line()} {about.caution()}".strip()),
        ("Statutes", f"{corpus['source']}, {corpus['address']}{revision}, {corpus['license']}"),
        ("Examples", examples),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return (
        f'<footer class="lf-foot"><h2>About this model</h2><dl>{listed}</dl>'
        "<p>A ranking of statutes is not legal advice, and a statute that ranks low may still apply.</p></footer>"
    )


def results(found: Comparison, about: About, reads: int, labels: Collection[str] = ()) -> str:
    """The three columns, which are tabs on a narrow screen, under what moved.

    Args:
        found: Of `SideBySide.compare`.
        about: For the name of what is numbered.
        reads: Tokens of the facts that the model reads.
        labels: Ids that the facts are labelled with, where they are an example.
    """
    numbers = {key: number for number, key in enumerate(_shown(found))}
    columns = "".join(_column(method, found, numbers, about, labels) for method in TITLES)
    radios = "".join(
        f'<input type="radio" name="lf-tab" id="lf-tab-{method}" class="lf-radio lf-radio-{method}"'
        f"{' checked' if method == 'finetuned' else ''}>"
        for method in TITLES
    )
    tabs = "".join(
        f'<label for="lf-tab-{method}" class="lf-tab-{method}">{escape(title)}</label>'
        for method, (title, _) in TITLES.items()
    )
    return (
        f'<div class="lf-results">{_lighting(len(numbers))}{_reading(found, reads)}{_summary(found, about)}'
        f"{_labelled(found, about, labels)}"
        f'<div class="lf-tabs">{radios}<div class="lf-tablist">{tabs}</div>'
        f'<div class="lf-columns">{columns}</div></div>'
        '<p class="lf-note">Scores of different methods are on different scales: BM25 adds up the weights of all words '
        "in common, of which the rarest are marked; the models give the similarity of vectors, and the sentence shown "
        "is the nearest of what they read.</p></div>"
    )


def segments(pieces: Sequence[Segment]) -> str:
    """Pieces of text, the marked ones in `<mark>`."""
    return "".join(f"<mark>{escape(text)}</mark>" if is_marked else escape(text) for text, is_marked in pieces)


def _shown(found: Comparison) -> list[str]:
    keys = [hit.hit.statute.id for column in found.columns.values() for hit in column]
    return list(dict.fromkeys(keys))


def _lighting(count: int) -> str:
    """A statute that is pointed at, or has the focus, lights up in every column."""
    rules = "".join(
        f'.lf-results:has([data-n="{n}"]:is(:hover,:focus-within)) [data-n="{n}"]{{background:var(--lf-lit)}}'
        for n in range(count)
    )
    return f"<style>{rules}</style>"


def _reading(found: Comparison, reads: int) -> str:
    if not found.unread:
        return ""
    return hint(
        f"The models read the first {reads} tokens: {found.words - found.unread:,} of the {found.words:,} words. "
        "BM25 reads them all. Put what matters most first."
    )


def _place(key: str, about: About) -> str:
    return f"{about.noun} {key}".strip()


def _summary(found: Comparison, about: About) -> str:
    kinds = [move.kind for move in found.moves]
    told = {"new": "new", "up": "up", "down": "down", "same": "unchanged", "dropped": "dropped"}
    chips = "".join(
        f'<li class="lf-{kind}">{kinds.count(kind)} {word}</li>' for kind, word in told.items() if kind in kinds
    )
    gone = [f"{_place(m.id, about)} ({m.before} → {m.after})" for m in found.moves if m.kind == "dropped"]
    dropped = f'<p class="lf-gone">Dropped out: {escape(", ".join(gone))}</p>' if gone else ""
    return (
        '<section class="lf-moved" role="status" aria-label="What fine-tuning moved"><h2>What fine-tuning moved</h2>'
        f"<ul>{chips}</ul>{dropped}</section>"
    )


def _labelled(found: Comparison, about: About, labels: Collection[str]) -> str:
    if not labels:
        return ""
    counts = ", ".join(
        f"{TITLES[method][0]} {sum(hit.hit.statute.id in labels for hit in column)}"
        for method, column in found.columns.items()
    )
    named = ", ".join(_place(key, about) for key in labels)
    of = f"Of {'these' if len(labels) > 1 else 'this'} {len(labels)}"
    depth = len(found.columns["finetuned"])
    return (
        f'<p class="lf-labels"><span class="lf-tick">✓</span> This example is labelled with {escape(named)}. '
        f"{of}, the first {depth} have: {escape(counts)}.</p>"
    )


def _column(
    method: Method, found: Comparison, numbers: Mapping[str, int], about: About, labels: Collection[str]
) -> str:
    title, what = TITLES[method]
    moves = {move.id: move for move in found.moves}
    column = found.columns[method]
    top = max((hit.hit.score for hit in column), default=0.0)
    items = "".join(
        _hit(method, hit, moves.get(hit.hit.statute.id), about, labels, number=numbers[hit.hit.statute.id], top=top)
        for hit in column
    )
    return (
        f'<section class="lf-column lf-column-{method}" aria-labelledby="lf-title-{method}">'
        f'<h2 id="lf-title-{method}">{escape(title)}<small>{escape(what)}</small></h2><ol>{items}</ol></section>'
    )


def _hit(
    method: Method,
    found: Found,
    move: Move | None,
    about: About,
    labels: Collection[str],
    *,
    number: int,
    top: float,
) -> str:
    hit, shown = found.hit, found.excerpt
    statute = hit.statute
    name = statute.title or _place(statute.id, about)
    title = segments(marked(name, Span(0, len(name)), shown.words))
    tick = '&nbsp;<span class="lf-tick" title="Labelled">✓<span class="lf-sr"> labelled</span></span>'
    width = max(0.0, min(1.0, hit.score / top)) if top > 0 else 0.0
    excerpt = f"{'… ' if shown.before else ''}{segments(shown.segments)}{' …' if shown.after else ''}"
    words = "".join(f"<li>{escape(word)}</li>" for word in shown.words)
    matched = f'<ul class="lf-words" aria-label="Words that matched">{words}</ul>' if words else ""
    body = re.sub(r"\s*\n\s*", "\n", without_title(statute, hit.passage))
    return (
        f'<li class="lf-hit" data-n="{number}" data-id="{escape(statute.id)}"><details><summary>'
        f'<span class="lf-line"><span class="lf-rank">{hit.rank}</span>'
        f'<span class="lf-name">{title}{tick if statute.id in labels else ""}</span>'
        f'<span class="lf-score">{hit.score:.{1 if method == "bm25" else 3}f}</span></span>'
        f'<span class="lf-bar" aria-hidden="true"><span style="width:{100 * width:.1f}%"></span></span>'
        f'<span class="lf-meta"><span class="lf-id">{escape(_place(statute.id, about))}</span>{_badge(method, move)}'
        '<span class="lf-more" aria-hidden="true"></span></span>'
        f'<span class="lf-excerpt">{excerpt}</span></summary>'
        f'<div class="lf-whole">{escape(body)}</div></details>'
        f"{matched}</li>"
    )


def _badge(method: Method, move: Move | None) -> str:
    if move is None or method == "bm25":
        return ""
    if method == "base":
        told = {"dropped": f"falls to {move.after}"}
    else:
        told = {
            "new": f"new, was {move.before}",
            "up": f"▲ from {move.before}",
            "down": f"▼ from {move.before}",
            "same": "unchanged",
        }
    text = told.get(move.kind)
    return f'<span class="lf-badge lf-{move.kind}">{escape(text)}</span>' if text else ""
