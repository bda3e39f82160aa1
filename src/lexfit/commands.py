"""What each command of `lexfit` does; heavy imports are inside, so that `lexfit --help` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run_summary(arguments: argparse.Namespace) -> None:
    """Print the result table of the last run."""
    from lexfit.reporting.table import summary_table

    del arguments
    print(summary_table())


def run_compose(arguments: argparse.Namespace) -> None:
    """Compose conf/ into params.yaml."""
    from lexfit.compose import compose
    from lexfit.io import write_text

    text = compose(arguments.overrides)
    if arguments.print:
        print(text, end="")
    else:
        write_text(Path("params.yaml"), text)


def run_select(arguments: argparse.Namespace) -> None:
    """Choose a recipe among experiments with nested scores."""
    from lexfit.config import load_params
    from lexfit.io import write_text, write_tsv
    from lexfit.reporting.selection import selection_table
    from lexfit.selection.experiments import read_experiments
    from lexfit.selection.folds import HEADER, to_rows
    from lexfit.selection.report import dumped, evidence, members_of, recipe_file

    params = load_params()
    members, runs, keys = members_of(read_experiments(arguments.experiments))
    chosen, found = evidence(members, keys, runs, params.evaluation, params.seed)
    winner = members[chosen.winner]
    target = Path("conf/experiment") / f"{arguments.name}.yaml"
    write_text(target, recipe_file(arguments.name, runs[chosen.winner][0], winner, found))
    write_text(Path("reports/selection.json"), dumped(found))
    for experiment in (e for index, own in enumerate(runs) for e in own if own not in runs[:index]):
        rows = to_rows(experiment.scores)
        write_tsv(Path("reports/selection") / f"{experiment.name}.tsv", HEADER, rows)
    print(selection_table(found))
    print(f"\nwinner   {target}: `dvc exp run -S experiment={arguments.name}`\nevidence reports/selection.json")


def run_table(arguments: argparse.Namespace) -> None:
    """Compare recipes over their seeds."""
    from lexfit.config import load_params
    from lexfit.reporting.comparison import compared, read_finished, write_comparison

    params = load_params()
    columns = dict(column.partition("=")[::2] for column in arguments.column)
    rows = compared(read_finished(arguments.experiments), params.evaluation, params.seed)
    written = write_comparison(arguments.name, rows, {key: title or key for key, title in columns.items()})
    print(written.read_text(encoding="utf-8"))


def run_compare(arguments: argparse.Namespace) -> None:
    """Compare runs with the first of them, query by query."""
    from lexfit.reporting.compare_page import compare_runs

    print(compare_runs(arguments.runs, arguments.moves, arguments.output))


def run_methods(arguments: argparse.Namespace) -> None:
    """Write reports/METHODS.md."""
    from lexfit.reporting.methods import write_methods

    del arguments
    print(write_methods())


def run_cost(arguments: argparse.Namespace) -> None:
    """Record what the last run cost, unless it is recorded."""
    del arguments
    from lexfit.reporting.cost import record_cost

    written, path = record_cost()
    print(f"{path}: {'recorded' if written else 'tells of these weights already'}")


def run_licences(arguments: argparse.Namespace) -> None:
    """Print what the licences permit; a conflict is an error."""
    from tabulate import tabulate

    from lexfit.config import load_params
    from lexfit.publishing.licences import check_publishable, conflicts, licence_table, materials_of

    del arguments
    params = load_params()
    header = ["", "licence", "training", "passing on weights", "commercial use", "conditions", "judged by"]
    print(tabulate(licence_table(params), header) + "\n")
    check_publishable(params)
    found, reason = conflicts(params.card.license, materials_of(params)), params.card.licence_override_reason
    for sentence in found:
        print(f"Overridden: {sentence}")
    verdict = f"publishable, because: {reason}" if found else "publishable: no conflict"
    print(verdict + (" (card.licence_override_reason has nothing to override)" if reason and not found else ""))


def run_submission(arguments: argparse.Namespace) -> None:
    """Write the leaderboard's files."""
    import logging

    from lexfit.publishing.submission import write_submission

    logging.getLogger("mteb").setLevel(logging.ERROR)
    written = write_submission(
        arguments.repo,
        arguments.output,
        revision=arguments.revision,
        release_date=arguments.release_date,
        training_code=arguments.training_code,
    )
    print(f"{written.folder}/")
    print("".join(f"  {name}\n" for name in written.files))
    print(f"Was the model trained on the evaluation data? {written.answer[0]}")
    for note in written.notes:
        print(f"left out: {note}")


def run_publish(arguments: argparse.Namespace) -> None:
    """Check the last run's model, and put it on the Hub or into a folder."""
    from functools import partial

    from lexfit.publishing.hub import Wanted
    from lexfit.publishing.publish import publish

    wanted = Wanted(private=arguments.private, tag=arguments.tag, prune=arguments.prune)
    publish(arguments.repo, wanted, partial(print, flush=True), arguments.dry_run)


def run_search(arguments: argparse.Namespace) -> None:
    """Rank the statutes of the last run for a text."""
    import logging
    import textwrap
    from dataclasses import asdict

    from lexfit.search import Dense, load, rank
    from lexfit.search.ranking import check_request
    from lexfit.stages.common import QUIET, quiet_progress

    quiet_progress(False)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    facts = sys.stdin.read() if arguments.facts == "-" else arguments.facts
    check_request(facts, arguments.k)
    ranker = load(arguments.method)
    hits = rank(ranker, facts, arguments.k)
    if isinstance(ranker, Dense) and (unread := ranker.unread(facts)):
        sys.stderr.write(
            f"The model reads {ranker.model.max_seq_length} tokens: the last {unread} words weren't read.\n"
        )
    if arguments.json:
        import json

        print(json.dumps([asdict(hit) for hit in hits], ensure_ascii=False, indent=2))
        return
    for hit in hits:
        print(f"{hit.rank:3}. {hit.score:.4f}  {hit.statute.id}  {hit.statute.title}".rstrip())
        text = hit.passage.removeprefix(hit.statute.title)
        print(textwrap.indent(textwrap.shorten(text, 200, placeholder=" …"), " " * 13))


def run_demo(arguments: argparse.Namespace) -> None:
    """Serve the side-by-side page."""
    import logging
    from functools import partial

    from lexfit.demo.serve import serve
    from lexfit.stages.common import QUIET, quiet_progress

    quiet_progress(False)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    serve(arguments.port, browser=not arguments.no_browser, say=partial(print, flush=True))


def run_space(arguments: argparse.Namespace) -> None:
    """Write the page as a Space."""
    import logging
    from functools import partial

    from lexfit.demo.space import write_space
    from lexfit.stages.common import QUIET, quiet_progress

    quiet_progress(False)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    write_space(arguments.out, arguments.model, partial(print, flush=True))


def run_score_run(arguments: argparse.Namespace) -> None:
    """Score a TREC run as the FIRE track did."""
    from lexfit.config import SourceParams
    from lexfit.corpus.sources import load
    from lexfit.evaluation.trec import FIRE_MEASURES, evaluate, mean, qrels_of, read_trec_run

    source = SourceParams("aila_fire", arguments.data, None, None, None, None, "cc-by-4.0", "test", None)
    collection = load(source)
    queries = [f"AILA_Q{number}" for number in range(11, 51)]
    scored = evaluate(read_trec_run(arguments.run), qrels_of(collection.judgements, queries))
    for measure in FIRE_MEASURES:
        print(f"{measure:12s} {mean(scored, measure):.4f}")
