"""Usage: python -m benchmarks.faults --rounds 200 --seed 42 --workspace FOLDER.

FOLDER keeps the undisturbed run and the log of rounds: killed and started again, the harness goes on at the next round.
As root, rounds get a file system of their own (tmpfs), which can be full; else quotas stand for a full disk.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.conftest import REPO

from benchmarks.faults.reference import prepare
from benchmarks.faults.report import write_report
from benchmarks.faults.rounds import read_rounds, run_rounds
from benchmarks.faults.site import Site


def main() -> None:
    """Run what is left of the rounds, and write reports/faults.md and faults.json."""
    parser = argparse.ArgumentParser(prog="benchmarks.faults", description="Disturb the pipeline, and look what comes.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--workspace", type=Path, required=True, help="folder for all that the rounds need")
    again = "repeat these rounds (after a mend), whatever the log has of them"
    parser.add_argument("--again", type=int, nargs="*", default=[], metavar="N", help=again)
    arguments = parser.parse_args()
    site = Site(arguments.workspace.resolve())
    log = site.folder / f"rounds-{arguments.seed}.jsonl"
    site.mounted  # noqa: B018  (mounts)
    if not site.reference_file.exists():
        prepare(site)
    done = {found["round"] for found in read_rounds(log)} - set(arguments.again)
    wanted = [number for number in range(arguments.rounds) if number not in done]
    for found in run_rounds(site, wanted, arguments.seed, log):
        print(*(found[key] for key in ("round", "seconds", "fault", "stage", "verdict", "message")), flush=True)
    write_report(read_rounds(log), site.reference, arguments.seed, REPO / "reports")


if __name__ == "__main__":
    main()
