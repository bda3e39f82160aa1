"""Tables of the report that are computed: the claim by query against the baselines, by Act, by length, what moved."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.evaluation.significance import mean_interval
from lexfit.report.groups import found_by_group, part_of_constitution, quarters, share
from lexfit.reporting.compare_page import move_table, span
from lexfit.reporting.comparison import PER_QUERY
from lexfit.reporting.head_to_head import differences, moves, read_rankings, read_task
from lexfit.reporting.systems import WORKSPACE, find_system
from lexfit.stages.common import RAW

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.report.ledger import Ledger

SECTIONS = "data/sources/aila/statutes.csv"
METHODS = ("bm25", "untrained", "finetuned")
NAMES = {"bm25": "BM25", "untrained": "untrained", "finetuned": "fine-tuned"}
MOVED, WIDTH, FEWEST = 3, 500, 5  # queries each way; characters of a query; relevant pairs of a group that is shown


class Analysis:
    """The claim's queries: scores and rankings of all methods.

    Args:
        params: Resamples, confidence, seed, source.
        ledger: Takes every number.
    """

    def __init__(self, params: Params, ledger: Ledger) -> None:
        self.params, self.ledger = params, ledger
        self.systems = {m: find_system(f"{WORKSPACE}:{m}") for m in METHODS}
        ledger.text(Path(PER_QUERY))
        for path in self._rankings():
            ledger.text(path)
        for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
            ledger.text(RAW / "task" / name)
        self.task = read_task(self.systems["finetuned"])

    def _rankings(self) -> list[Path]:
        return [path for system in self.systems.values() for path in system.rankings]

    def paired(self) -> list[list[str]]:
        """Rows: a baseline; the difference of the fine-tuned model to it; wins, ties and losses; p, adjusted."""
        tuned = self.systems["finetuned"]
        found = []
        for name in ("untrained", "bm25"):
            rows = differences([self.systems[name], tuned], self.params.evaluation, self.params.seed)
            found.append((name, rows[1]))
        lines = []
        for name, row in found:
            rule = f"fine-tuned minus {name}, by query"
            counts = [self._say(str(row[key]), f"{rule}: {key}") for key in ("wins", "ties", "losses")]
            difference = self._say(span(row["difference"], "+"), f"{rule}: mean, bootstrap interval")
            p_value = self._say(f"{row['p_value']:.4f}", f"{rule}: paired randomisation test")
            lines.append([NAMES[name], difference, " / ".join(counts), p_value])
        return lines

    def moved(self) -> list[dict[str, str]]:
        """The queries that moved most, with their text and both rankings' first documents."""
        first, second = self.systems["untrained"], self.systems["finetuned"]
        return [
            {
                "query": str(move["query"]),
                "before": self._say(f"{move['scores'][first.name]:.3f}", f"untrained, query {move['query']}"),
                "after": self._say(f"{move['scores'][second.name]:.3f}", f"finetuned, query {move['query']}"),
                "relevant": self.ledger.derived(
                    str(move["relevant"]), RAW / "task" / "qrels.tsv", f"relevant documents of {move['query']}"
                ),
                "text": textwrap.shorten(move["text"], WIDTH, placeholder=" …"),
                "table": move_table(move, first.name, second.name)
                .replace(first.name, "untrained", 1)
                .replace(second.name, "fine-tuned", 1),
            }
            for move in moves(first, second, MOVED)
        ]

    def by_act(self) -> tuple[list[list[str]], str]:
        """Rows: group, relevant pairs, share among the first ten by method; and how many groups were too small."""
        runs = {name: read_rankings(system) for name, system in self.systems.items()}
        queries = self.systems["finetuned"].per_query
        runs = {name: {q: run[q] for q in queries} for name, run in runs.items()}
        found = found_by_group(runs, self.task.relevant, self._groups())
        sizes = {group: sum(n for _, n in methods["finetuned"]) for group, methods in found.items()}
        shown = sorted((g for g in found if sizes[g] >= FEWEST), key=lambda g: (-sizes[g], g))
        source = self.systems["finetuned"].rankings[0]
        lines = []
        for group in shown:
            cells = [group, self.ledger.derived(str(sizes[group]), source, f"relevant pairs of {group}")]
            for method in METHODS:
                evaluation = self.params.evaluation
                whole = share(found[group][method], evaluation.bootstrap, evaluation.confidence, self.params.seed)
                text = f"{whole[0]:.2f} ({whole[1]:.2f} to {whole[2]:.2f})"
                where = self.systems[method].rankings[0]
                cells.append(self.ledger.derived(text, where, f"{group}: share of relevant documents in the first 10"))
            lines.append(cells)
        left = self.ledger.derived(
            str(len(found) - len(shown)), source, f"groups of fewer than {FEWEST} relevant pairs"
        )
        return lines, left

    def _groups(self) -> dict[str, str]:
        if self.params.data.source in {"aila", "aila_fire"}:
            return {row["id"]: row["act"] for row in self.ledger.rows(Path(SECTIONS), ",")}
        if self.params.data.source == "constitution":
            parts = {d: part_of_constitution(d) for d in self.task.titles}
            return {d: part for d, part in parts.items() if part is not None}
        return {}

    def by_length(self) -> list[list[str]]:
        """Rows: words of the queries; how many; nDCG@10 by method; the paired gain over the untrained model."""
        queries = self.systems["finetuned"].per_query
        words = {q: len(self.task.queries[q].split()) for q in queries}
        lines = []
        for group in quarters(words):
            span_text = f"{words[group[0]]} to {words[group[-1]]}"
            cells = [
                self.ledger.derived(span_text, RAW / "task" / "queries.jsonl", "words of a quarter of the queries")
            ]
            cells.append(self._say(str(len(group)), f"queries of {span_text} words"))
            for method in METHODS:
                values = [self.systems[method].per_query[q] for q in group]
                cells.append(
                    self._say(f"{sum(values) / len(values):.3f}", f"{method}, mean of queries of {span_text} words")
                )
            tuned, untrained = self.systems["finetuned"].per_query, self.systems["untrained"].per_query
            gain = mean_interval([tuned[q] - untrained[q] for q in group], self.params.evaluation, self.params.seed)
            text = f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
            cells.append(self._say(text, f"gain, mean of queries of {span_text} words, bootstrap interval"))
            lines.append(cells)
        return lines

    def _say(self, text: str, rule: str) -> str:
        return self.ledger.derived(text, PER_QUERY, rule)
