"""Tables of the report that are computed: the claim by query against the baselines, by Act, by length, what moved."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.evaluation.significance import mean_interval
from lexfit.jsonl import shards_of
from lexfit.report.groups import found_by_group, part_of_constitution, quarters, share
from lexfit.reporting.compare_page import span
from lexfit.reporting.comparison import PER_QUERY
from lexfit.reporting.head_to_head import TASK, differences, moves, read_rankings, read_task
from lexfit.reporting.markdown import escape
from lexfit.reporting.systems import WORKSPACE, find_system

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.report.ledger import Ledger, Quoted, Traced

SECTIONS = Path("data/sources/aila/statutes.csv")
CORPUS, QUERIES, QRELS = (TASK / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"))
METHODS = ("bm25", "untrained", "finetuned")
NAMES = {"bm25": "BM25", "untrained": "untrained", "finetuned": "fine-tuned"}
MOVED, WIDTH, FEWEST = 3, 500, 5  # queries each way; characters of a query; relevant pairs of a group that is shown


class Analysis:
    """The claim's queries: scores and rankings of all methods.

    Args:
        params: Resamples, confidence, seed, source.
        ledger: Makes what is printed.
    """

    def __init__(self, params: Params, ledger: Ledger) -> None:
        self.params, self.ledger = params, ledger
        self.systems = {m: find_system(f"{WORKSPACE}:{m}") for m in METHODS}
        for path in (
            Path(PER_QUERY),
            *shards_of(CORPUS),
            *shards_of(QUERIES),
            QRELS,
            *(p for m in METHODS for p in self._rankings(m)),
        ):
            ledger.text(path)
        self.task = read_task(self.systems["finetuned"])

    def paired(self) -> list[list[Traced | str]]:
        """Rows: a baseline; the fine-tuned model's difference to it; wins, ties and losses; p and Holm's p."""
        systems = [self.systems["finetuned"], *(self.systems[m] for m in ("untrained", "bm25"))]
        lines: list[list[Traced | str]] = []
        for row in differences(systems, self.params.evaluation, self.params.seed)[1:]:
            name = row["method"]
            rule = f"fine-tuned minus {name}, by query"
            ends = {"mean": "mean", "low": "high", "high": "low"}
            turned = {end: 0.0 - row["difference"][other] for end, other in ends.items()}
            counts = f"{row['losses']} / {row['ties']} / {row['wins']}"  # of the baseline, so the other way round
            lines.append(
                [
                    NAMES[name],
                    self._say(span(turned, "+"), f"{rule}: mean, bootstrap interval"),
                    self._say(counts, f"{rule}: above, equal to and below zero"),
                    self._say(f"{row['p_value']:.4f}", f"{rule}: paired randomisation test"),
                    self._say(f"{row['p_holm']:.4f}", f"{rule}: the same after Holm, over both baselines"),
                ]
            )
        return lines

    def moved(self) -> list[dict[str, Any]]:
        """The queries that moved most, with their text and both rankings' first documents."""
        first, second = self.systems["untrained"], self.systems["finetuned"]
        found = []
        for move in moves(first, second, MOVED):
            name = move["query"]
            relevant = self.ledger.derived(str(move["relevant"]), f"relevant documents of {name}", QRELS)
            tops = zip(move["top"][first.name], move["top"][second.name], strict=True)
            found.append(
                {
                    "query": self.ledger.quoted(escape(name), QUERIES),
                    "before": self._say(f"{move['scores'][first.name]:.3f}", f"untrained, query {name}"),
                    "after": self._say(f"{move['scores'][second.name]:.3f}", f"finetuned, query {name}"),
                    "relevant": relevant,
                    "text": self.ledger.quoted(
                        escape(textwrap.shorten(move["text"], WIDTH, placeholder=" …")), QUERIES
                    ),
                    "rows": [[self._ranked(a, "untrained"), self._ranked(b, "finetuned")] for a, b in tops],
                }
            )
        return found

    def by_act(self) -> tuple[list[list[Traced | Quoted | str]], Traced]:
        """Rows: group, relevant pairs, share among the first ten by method; and how many groups were too small."""
        queries = self.systems["finetuned"].per_query
        rankings = {name: read_rankings(system) for name, system in self.systems.items()}
        runs = {name: {q: run[q] for q in queries} for name, run in rankings.items()}
        groups = self._groups()
        found = found_by_group(runs, self.task.relevant, groups)
        sizes = {group: sum(n for _, n in methods["finetuned"]) for group, methods in found.items()}
        shown = sorted((g for g in found if sizes[g] >= FEWEST), key=lambda g: (-sizes[g], g))
        origin = SECTIONS if SECTIONS.as_posix() in self.ledger.files else CORPUS
        lines: list[list[Traced | Quoted | str]] = []
        for group in shown:
            size = self.ledger.derived(str(sizes[group]), f"relevant pairs of {group}", QRELS, origin)
            cells: list[Traced | Quoted | str] = [self.ledger.quoted(escape(group), origin), size]
            for method in METHODS:
                evaluation = self.params.evaluation
                whole = share(found[group][method], evaluation.bootstrap, evaluation.confidence, self.params.seed)
                text = f"{whole[0]:.2f} ({whole[1]:.2f} to {whole[2]:.2f})"
                rule = f"{group}: share of the relevant documents in the first 10"
                cells.append(self.ledger.derived(text, rule, *self._rankings(method), QRELS, origin))
            lines.append(cells)
        rule = f"groups of fewer than {FEWEST} relevant pairs"
        return lines, self.ledger.derived(str(len(found) - len(shown)), rule, QRELS, origin)

    def by_length(self) -> list[list[Traced]]:
        """Rows: words of the queries; how many; nDCG@10 by method; the paired gain over the untrained model."""
        tuned, untrained = self.systems["finetuned"].per_query, self.systems["untrained"].per_query
        words = {q: len(self.task.queries[q].split()) for q in tuned}
        lines = []
        for group in quarters(words):
            between = f"{words[group[0]]} to {words[group[-1]]}"
            cells = [self.ledger.derived(between, "words of the queries, a quarter of them at a time", QUERIES)]
            cells.append(self._length(str(len(group)), f"queries of {between} words"))
            for method in METHODS:
                mean = sum(self.systems[method].per_query[q] for q in group) / len(group)
                cells.append(self._length(f"{mean:.3f}", f"{method}, mean of the queries of {between} words"))
            gain = mean_interval([tuned[q] - untrained[q] for q in group], self.params.evaluation, self.params.seed)
            text = f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
            cells.append(self._length(text, f"gain, mean of the queries of {between} words, bootstrap interval"))
            lines.append(cells)
        return lines

    def _rankings(self, method: str) -> list[Path]:
        return self.systems[method].rankings

    def _ranked(self, entry: dict[str, Any], method: str) -> Quoted:
        text = escape(f"{entry['id']} {entry['title']}".strip())
        return self.ledger.quoted(f"**✓ {text}**" if entry["relevant"] else text, *self._rankings(method), CORPUS)

    def _groups(self) -> dict[str, str]:
        if self.params.data.source in {"aila", "aila_fire"}:
            return {row["id"]: row["act"] for row in self.ledger.rows(SECTIONS, ",")}
        if self.params.data.source == "constitution":
            parts = {d: part_of_constitution(d) for d in self.task.titles}
            return {d: part for d, part in parts.items() if part is not None}
        return {}

    def _say(self, text: str, rule: str) -> Traced:
        return self.ledger.derived(text, rule, PER_QUERY)

    def _length(self, text: str, rule: str) -> Traced:
        return self.ledger.derived(text, rule, PER_QUERY, QUERIES)
