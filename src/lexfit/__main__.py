"""Command line: `lexfit` and the name of a command; `lexfit --help` lists them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _summary(arguments: argparse.Namespace) -> None:
    from lexfit.reporting.table import summary_table

    del arguments
    print(summary_table())


def _compose(arguments: argparse.Namespace) -> None:
    from lexfit.compose import compose
    from lexfit.io import write_text

    text = compose(arguments.overrides)
    if arguments.print:
        print(text, end="")
    else:
        write_text(Path("params.yaml"), text)


def _select(arguments: argparse.Namespace) -> None:
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


def _table(arguments: argparse.Namespace) -> None:
    from lexfit.config import load_params
    from lexfit.reporting.comparison import compared, read_finished, write_comparison

    params = load_params()
    columns = dict(column.partition("=")[::2] for column in arguments.column)
    rows = compared(read_finished(arguments.experiments), params.evaluation, params.seed)
    written = write_comparison(arguments.name, rows, {key: title or key for key, title in columns.items()})
    print(written.read_text(encoding="utf-8"))


def _methods(arguments: argparse.Namespace) -> None:
    from lexfit.reporting.methods import write_methods

    del arguments
    print(write_methods())


def _licences(arguments: argparse.Namespace) -> None:
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


def _publish(arguments: argparse.Namespace) -> None:
    from functools import partial

    from lexfit.publishing.hub import Wanted
    from lexfit.publishing.publish import publish

    wanted = Wanted(private=arguments.private, tag=arguments.tag, prune=arguments.prune)
    publish(arguments.repo, wanted, partial(print, flush=True), arguments.dry_run)


def _score_run(arguments: argparse.Namespace) -> None:
    import gzip

    from lexfit.config import SourceParams
    from lexfit.corpus.sources import load
    from lexfit.evaluation.trec import FIRE_MEASURES, evaluate, mean, parse_trec_run, qrels_of
    from lexfit.io import decode_utf8

    source = SourceParams("aila_fire", arguments.data, None, None, None, None, "cc-by-4.0", "test", None)
    collection = load(source)
    data = arguments.run.read_bytes()
    text = decode_utf8(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, str(arguments.run))
    queries = [f"AILA_Q{number}" for number in range(11, 51)]
    scored = evaluate(parse_trec_run(text, str(arguments.run)), qrels_of(collection.judgements, queries))
    for measure in FIRE_MEASURES:
        print(f"{measure:12s} {mean(scored, measure):.4f}")


def main(argv: Sequence[str] | None = None) -> None:
    """Parse arguments and run a command; bad input ends in one clear line and exit status 1."""
    parser = argparse.ArgumentParser(prog="lexfit", description="Fine-tuning for legal statute retrieval.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("summary", help="print the result table of the last run")
    command.set_defaults(function=_summary)
    command = commands.add_parser("compose", help="compose conf/ into params.yaml, as `dvc exp run` does")
    command.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides, such as data=aila_fire")
    command.add_argument("--print", action="store_true", help="print it and leave params.yaml as it is")
    command.set_defaults(function=_compose)
    command = commands.add_parser("select", help="choose a recipe among experiments with nested scores")
    command.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="names (default: all with nested scores)")
    command.add_argument("--name", required=True, help="write the winner to conf/experiment/NAME.yaml")
    command.set_defaults(function=_select)
    command = commands.add_parser("table", help="compare recipes of finished experiments over their seeds")
    command.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names; * stands for anything")
    command.add_argument("--name", required=True, help="write reports/comparisons/NAME.md and NAME.json")
    column = "also show METRIC of reports/metrics.json, such as fire2019.finetuned_map=MAP"
    command.add_argument("--column", action="append", default=[], metavar="METRIC[=TITLE]", help=column)
    command.set_defaults(function=_table)
    command = commands.add_parser("methods", help="write reports/METHODS.md from the selection and the benchmarks")
    command.set_defaults(function=_methods)
    command = commands.add_parser("licences", help="print what the licences permit; exit status 1 where they conflict")
    command.set_defaults(function=_licences)
    command = commands.add_parser("publish", help="check the last run's model and put it on the Hugging Face Hub")
    command.add_argument("--repo", required=True, metavar="ORG/NAME", help="the repository; made if it isn't there")
    command.add_argument("--dry-run", type=Path, metavar="DIR", help="write what would be sent to DIR; send nothing")
    command.add_argument("--private", action="store_true", help="only you and your organisation see it")
    command.add_argument("--tag", help="mark the commit, such as v1.0")
    command.add_argument("--prune", action="store_true", help="delete files there that aren't part of the model")
    command.set_defaults(function=_publish)
    command = commands.add_parser("score-run", help="score a TREC run by the FIRE 2019 AILA task 2 protocol")
    command.add_argument("run", type=Path, help="TREC run, plain or gzipped")
    command.add_argument("--data", help="the FIRE release (default: environment variable LEXFIT_AILA_FIRE)")
    command.set_defaults(function=_score_run)
    arguments = parser.parse_args(argv)
    try:
        arguments.function(arguments)
    except LexfitError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
