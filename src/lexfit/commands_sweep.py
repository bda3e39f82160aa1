"""What the commands of `lexfit` around sweeps do; heavy imports are inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run_sweep(arguments: argparse.Namespace) -> None:
    """Run a sweep, print its page, and end with status 1 if a member failed."""
    from functools import partial

    from lexfit.errors import LexfitError
    from lexfit.sweeps.members import FAILED
    from lexfit.sweeps.record import path_of
    from lexfit.sweeps.results import write_page
    from lexfit.sweeps.run import Asked, sweep

    asked = Asked(
        arguments.space,
        arguments.name,
        arguments.sampler,
        arguments.trials,
        arguments.halving,
        arguments.jobs,
        arguments.score,
        tuple(arguments.set_param),
    )
    found = sweep(asked, partial(print, flush=True))
    written = write_page(found)
    print(f"\n{written.read_text(encoding='utf-8')}\npage     {written}\nnumbers  {path_of(found['plan']['name'])}")
    failed = [member["name"] for member in found["members"] if member["state"] == FAILED]
    if failed:
        problem = f"{len(failed)} of {len(found['members'])} members failed: {', '.join(failed)}"
        remedy = "The page says why; grid and random members are tried again by the same command"
        raise LexfitError(str(written), problem, remedy)


def run_select(arguments: argparse.Namespace) -> None:
    """Name the winner of a sweep, or of experiments with nested scores, and write it to conf/experiment."""
    from lexfit.commands import run_select as select_nested
    from lexfit.errors import LexfitError

    if arguments.sweep is None:
        select_nested(arguments)
        return
    if arguments.experiments:
        raise LexfitError("--sweep", "names all members itself", "Leave the names of experiments out")
    from lexfit.sweeps.recipe import read_sweep, write_recipe
    from lexfit.sweeps.results import winner_lines

    found = read_sweep(arguments.sweep)
    target = write_recipe(found, arguments.name)
    print("\n".join(winner_lines(found)))
    print(f"\nwinner   {target}: `dvc exp run -S experiment={arguments.name}`")
