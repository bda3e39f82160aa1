"""Command line: `lexfit` with the commands that `lexfit --help` lists."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit import commands, commands_hardware, commands_integrity, commands_second_stage, commands_sweep
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_experiment_commands(group: Any) -> None:
    """Commands around runs and their comparison, added to the subparsers of `group`."""
    command = group.add_parser("summary", help="print the result table of the last run")
    command.set_defaults(function=commands.run_summary)
    command = group.add_parser("compose", help="compose conf/ into params.yaml, as `dvc exp run` does")
    command.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides, such as data=aila_fire")
    command.add_argument("--print", action="store_true", help="print it and leave params.yaml as it is")
    command.set_defaults(function=commands.run_compose)
    command = group.add_parser("select", help="name the winner among experiments with nested scores, or of a sweep")
    command.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="names (default: all with nested scores)")
    command.add_argument("--name", required=True, help="write the winner to conf/experiment/NAME.yaml")
    command.add_argument("--sweep", metavar="SWEEP", help="the winner of this sweep (reports/sweeps/SWEEP.json)")
    command.set_defaults(function=commands_sweep.run_select)
    command = group.add_parser("table", help="compare recipes of finished experiments over their seeds")
    command.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names; * stands for anything")
    command.add_argument("--name", required=True, help="write reports/comparisons/NAME.md and NAME.json")
    column = "also show METRIC of reports/metrics.json, such as fire2019.finetuned_map=MAP"
    command.add_argument("--column", action="append", default=[], metavar="METRIC[=TITLE]", help=column)
    command.set_defaults(function=commands.run_table)
    command = group.add_parser("second-stage", help="tabulate the second stage of experiments over their seeds")
    command.add_argument(
        "experiments",
        nargs="+",
        metavar="EXPERIMENT",
        help="one of each seed, or the folder that an earlier table kept of it",
    )
    command.add_argument("--name", required=True, help="write reports/comparisons/NAME.md, NAME.json and NAME/")
    command.set_defaults(function=commands_second_stage.run_second_stage)
    command = group.add_parser("second-stage-cost", help="time the second stage's systems, one query at a time")
    command.set_defaults(function=commands_second_stage.run_second_stage_cost)
    command = group.add_parser("compare", help="compare runs with the first of them, query by query")
    command.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="a DVC experiment, a commit or `workspace`; `RUN:untrained` and `RUN:bm25` are its baselines",
    )
    command.add_argument("--moves", type=int, default=3, help="queries shown that moved most, each way (default: 3)")
    command.add_argument("--output", type=Path, metavar="FILE.md", help="write the page, and its numbers as JSON")
    command.set_defaults(function=commands.run_compare)
    command = group.add_parser("verify", help="hash outputs and DVC's cache, and name what is damaged")
    command.add_argument("--delete", action="store_true", help="delete it, so that `dvc repro` makes it again")
    command.set_defaults(function=commands_integrity.run_verify)


def add_sweep_command(group: Any) -> None:
    """The command that runs sweeps, added to the subparsers of `group`."""
    command = group.add_parser("sweep", help="search a space of params by DVC experiments, and name the winner")
    command.add_argument("space", type=Path, metavar="SPACE.yaml", help="keys and their values: sweeps/standard.yaml")
    command.add_argument("--name", help="of the sweep and its experiments (default: that of the file)")
    sampler = "what proposes members (default: %(default)s; random and tpe need `make setup-sweep`)"
    command.add_argument("--sampler", choices=["grid", "random", "tpe"], default="grid", help=sampler)
    command.add_argument("--trials", type=int, help="members that random and tpe try (default: 20)")
    command.add_argument("--halving", action="store_true", help="stop the worse half after a quarter and after half")
    command.add_argument("--jobs", type=int, default=1, help="members at a time; only 1 is accepted")
    score = "what chooses: out_of_fold or inner (default: by protocol); never a test score"
    command.add_argument("--score", help=score)
    change = "a Hydra override of all members, as in `dvc exp run -S` (repeatable)"
    command.add_argument("-S", "--set-param", action="append", default=[], metavar="KEY=VALUE", help=change)
    command.set_defaults(function=commands_sweep.run_sweep)


def add_hardware_commands(group: Any) -> None:
    """Commands around hardware, added to the subparsers of `group`."""
    command = group.add_parser("estimate", help="memory by part, time and cost of a training, from the model's config")
    change = "a Hydra override, as in `dvc exp run -S` (repeatable)"
    command.add_argument("-S", "--set-param", action="append", default=[], metavar="KEY=VALUE", help=change)
    command.add_argument("--queries", type=int, default=50, help="training queries (default: %(default)s, AILA's)")
    command.add_argument("--documents", type=int, default=197, help="passages (default: %(default)s, AILA's statutes)")
    command.add_argument("--tokens", type=int, help="of each text (default: train.max_seq_length)")
    command.add_argument("--memory", type=float, metavar="GIB", help="of the device (default: by hardware)")
    command.add_argument("--tflops", type=float, help="10^12 operations a second that training reaches")
    command.add_argument("--price", type=float, help="of an hour of the device")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(function=commands_hardware.run_estimate)


def add_model_commands(group: Any) -> None:
    """Commands around the model of the last run, added to the subparsers of `group`."""
    command = group.add_parser("methods", help="write reports/METHODS.md from the selection and the benchmarks")
    command.set_defaults(function=commands.run_methods)
    command = group.add_parser("cost", help="record time, memory and energy of the last run in reports/cost.json")
    command.set_defaults(function=commands.run_cost)
    command = group.add_parser("licences", help="print what the licences permit; exit status 1 where they conflict")
    command.set_defaults(function=commands.run_licences)
    command = group.add_parser(
        "submission", help="write what MTEB's leaderboard and the FIRE track take of the last run"
    )
    command.add_argument("--repo", required=True, metavar="ORGANISATION/NAME", help="the model's name on the Hub")
    command.add_argument("--revision", metavar="SHA", help="commit on the Hub (default: the hash of the weights)")
    command.add_argument(
        "--output", type=Path, default=Path("reports/submission"), help="folder (default: %(default)s)"
    )
    command.add_argument("--release-date", metavar="DATE", help="ISO date for the ModelMeta (default: left to mteb)")
    command.add_argument("--training-code", metavar="URL", help="address of the code for the ModelMeta (default: none)")
    command.set_defaults(function=commands.run_submission)
    command = group.add_parser("publish", help="check the last run's model and put it on the Hugging Face Hub")
    command.add_argument("--repo", required=True, metavar="ORG/NAME", help="the repository; made if it isn't there")
    command.add_argument("--dry-run", type=Path, metavar="DIR", help="write what would be sent to DIR; send nothing")
    command.add_argument("--private", action="store_true", help="only you and your organisation see it")
    command.add_argument("--tag", help="mark the commit, such as v1.0")
    command.add_argument("--prune", action="store_true", help="delete files there that aren't part of the model")
    command.set_defaults(function=commands.run_publish)
    command = group.add_parser("search", help="rank the statutes of the last run for the facts of a case")
    command.add_argument("facts", help="the facts; - reads them from standard input")
    command.add_argument("--method", choices=["finetuned", "base", "bm25"], default="finetuned", help="what ranks")
    command.add_argument("-k", type=int, default=5, help="how many statutes (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON, passages whole")
    command.set_defaults(function=commands.run_search)
    command = group.add_parser("explain", help="have a language model say why the first statutes for facts may apply")
    command.add_argument("facts", help="the facts; - reads them from standard input")
    command.add_argument("--explainer", default="smollm2-135m", help="a file of conf/explainer (default: %(default)s)")
    command.add_argument("--method", choices=["finetuned", "base", "bm25"], default="finetuned", help="what ranks")
    command.add_argument("-k", type=int, default=3, help="how many statutes (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(function=commands_second_stage.run_explain)
    command = group.add_parser(
        "demo", help="serve a page on this machine that compares BM25, base and fine-tuned model"
    )
    command.add_argument("--port", type=int, default=7860, help="on 127.0.0.1 (default: %(default)s)")
    command.add_argument("--no-browser", action="store_true", help="don't open the page")
    command.set_defaults(function=commands.run_demo)
    command = group.add_parser("space", help="write the demo as a folder for a Hugging Face Space")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder; an earlier Space in it is replaced"
    )
    command.add_argument(
        "--model", metavar="ORG/NAME@COMMIT", help="take the model from the Hub (default: it lies in the folder)"
    )
    command.set_defaults(function=commands.run_space)
    command = group.add_parser("score-run", help="score a TREC run by the FIRE 2019 AILA task 2 protocol")
    command.add_argument("run", type=Path, help="TREC run, plain or gzipped")
    command.add_argument("--data", help="the FIRE release (default: environment variable LEXFIT_AILA_FIRE)")
    command.set_defaults(function=commands.run_score_run)


def make_parser() -> argparse.ArgumentParser:
    """The parser of every command; what it parses has the command as `function`."""
    parser = argparse.ArgumentParser(prog="lexfit", description="Fine-tuning for legal statute retrieval.")
    group = parser.add_subparsers(required=True, metavar="COMMAND")
    add_experiment_commands(group)
    add_sweep_command(group)
    add_hardware_commands(group)
    add_model_commands(group)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Parse arguments and run a command; bad input ends in one clear line and exit status 1."""
    arguments = make_parser().parse_args(argv)
    try:
        arguments.function(arguments)
    except LexfitError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
