"""What the commands of `lexfit` around the second stage do; heavy imports are inside."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run_second_stage(arguments: argparse.Namespace) -> None:
    """Tabulate a second stage over its seeds."""
    from lexfit.config import load_params
    from lexfit.reporting.second_stage import write_second_stage

    params = load_params()
    written = write_second_stage(arguments.name, arguments.experiments, params.evaluation, params.seed)
    print(written.read_text(encoding="utf-8"))


def run_second_stage_cost(arguments: argparse.Namespace) -> None:
    """Time the second stage of the last run."""
    from lexfit.config import load_params
    from lexfit.io import write_json
    from lexfit.reporting.cost import machine
    from lexfit.reporting.second_stage import COST
    from lexfit.second_stage.cost import measure
    from lexfit.stages.common import quiet_progress

    del arguments
    quiet_progress(False)
    params, own = load_params(), machine()
    found = measure(params, f"{own['processor']}, {params.hardware.threads} threads")
    write_json(COST, found)
    for name, milliseconds in found["systems"].items():
        print(f"{name:20s} {milliseconds:9.1f} ms a query")


def run_explain(arguments: argparse.Namespace) -> None:
    """Say why the first statutes for some facts may apply."""
    import json
    import logging
    from dataclasses import asdict

    import yaml

    from lexfit.compose import compose
    from lexfit.config import load_params
    from lexfit.config_second_stage import ExplainerParams
    from lexfit.search import load, rank
    from lexfit.search.ranking import check_request
    from lexfit.second_stage.explanations import NOTICE, Explainer
    from lexfit.stages.common import QUIET, quiet_progress
    from lexfit.typed import build

    quiet_progress(False)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    facts = sys.stdin.read() if arguments.facts == "-" else arguments.facts
    check_request(facts, arguments.k)
    composed = yaml.safe_load(compose([f"+explainer={arguments.explainer}"]))["explainer"]
    own = build(ExplainerParams, composed, "explainer", f"conf/explainer/{arguments.explainer}.yaml")
    hits = rank(load(arguments.method), facts, arguments.k)
    explainer = Explainer(own, load_params().runtime)
    found = [explainer.explain(facts, h.statute.id, h.passage, h.statute.title) for h in hits]
    notice = NOTICE.format(model=own.model.hub_id)
    if arguments.json:
        listed = {"notice": notice, "explanations": [asdict(one) for one in found]}
        print(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    print(notice)
    for one in found:
        print("\n" + "\n  ".join(one.lines()))
