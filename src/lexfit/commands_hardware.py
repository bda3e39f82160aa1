"""What the commands of `lexfit` around hardware do; heavy imports are inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run_estimate(arguments: argparse.Namespace) -> None:
    """Print what a training needs."""
    import logging

    import yaml

    from lexfit.compose import compose
    from lexfit.config import parse_params
    from lexfit.estimate.page import Asked, estimate, page
    from lexfit.stages.common import QUIET, quiet_progress

    quiet_progress(False)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    params = parse_params(yaml.safe_load(compose(arguments.set_param)))
    asked = Asked(
        arguments.queries,
        arguments.documents,
        arguments.tokens,
        arguments.memory,
        arguments.tflops,
        arguments.price,
    )
    found = estimate(params, asked)
    print(json.dumps(found, indent=2) if arguments.json else page(found))
