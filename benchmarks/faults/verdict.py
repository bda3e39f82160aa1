"""What a round shows: a right result, a clear error, or what must not be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.faults.processes import Finished

Verdict = Literal["right", "clear error", "unclear error", "wrong", "lost"]
GOOD: tuple[Verdict, ...] = ("right", "clear error")

LEXFIT = re.compile(r"^ERROR in stage \S+\n  \S.*?: .+\. .+", re.MULTILINE)
DVC = re.compile(r"^ERROR: .+", re.MULTILINE)
FAILED = re.compile(r"failed to run: .+, exited with -?\d+")
TRACEBACK = "Traceback (most recent call last)"
UNEXPECTED, KNOWN = "unexpected error", ("No space left on device", "disk is full", "File too large")
EXPLAINED = "disk I/O error"  # SQLite's, where DVC keeps what it knows of files; docs/troubleshoot.md says what it is
RAN = re.compile(r"^Running stage '([^']+)'", re.MULTILINE)
SHOWN = 400  # characters of a message


@dataclass(frozen=True)
class Observed:
    """A round's facts.

    `disturbed` are the commands under the fault, `after` the files that differed once they had ended, `recovery` the
    run without the fault, `recovered` the files that differ behind it. It may make `allowed` stages, no others.
    `unused` names checkpoints that were whole and that it didn't go on from.
    """

    disturbed: Sequence[Finished]
    after: Sequence[str]
    recovery: Finished
    recovered: Sequence[str]
    allowed: set[str]
    unused: Sequence[str] = field(default=())


def is_clear(said: str, stage_killed: bool = False) -> bool:
    """Whether a failed command says what is wrong, in lexfit's form or in DVC's, and not by a traceback.

    Args:
        said: Everything that the command wrote.
        stage_killed: The harness has killed the stage's process: then DVC's word that it failed is all there can be.
    """
    own = list(LEXFIT.finditer(said))
    if said.rfind(TRACEBACK) > (own[-1].start() if own else -1):
        return False
    if own:
        return True
    if FAILED.search(said):
        return stage_killed
    errors = DVC.findall(said)
    return any(UNEXPECTED not in error or any(word in error for word in (*KNOWN, EXPLAINED)) for error in errors)


def message_of(said: str) -> str:
    """The part of what a command wrote that tells of its error."""
    found = LEXFIT.search(said) or DVC.search(said)
    start = said.rfind(TRACEBACK)
    if start >= 0 and not is_clear(said):
        return " … ".join(said[start:].strip().splitlines()[-3:])[-SHOWN:]
    return " ".join((found.group() if found else said[-SHOWN:]).split())[:SHOWN]


def judge(seen: Observed) -> tuple[Verdict, str]:
    """The verdict on a round, and what to show for it."""
    ended = [end for end in seen.disturbed if not end.killed]
    more = set(RAN.findall(seen.recovery.said)) - seen.allowed
    found: tuple[Verdict, str] = ("right", "")
    if seen.after and any(end.status == 0 for end in ended):
        found = "wrong", f"exit status 0, and these differ: {_listed(seen.after)}"
    elif seen.recovery.status == 0 and seen.recovered:
        found = "wrong", f"after recovery with exit status 0 these differ: {_listed(seen.recovered)}"
    elif seen.recovery.status != 0:
        found = "lost", f"recovery failed: {message_of(seen.recovery.said)}"
    elif more:
        found = "lost", f"recovery made again: {_listed(sorted(more))}"
    elif seen.unused:
        found = "lost", f"recovery didn't go on from {_listed(seen.unused)}"
    else:
        for end in seen.disturbed:
            if end.status != 0 and (not end.killed or is_stage_failure(end)) and found[0] != "unclear error":
                clear = is_clear(end.said, end.killed)
                found = "clear error" if clear else "unclear error", message_of(end.said)
    return found


def is_stage_failure(end: Finished) -> bool:
    """Whether a command told of its stage's end, and so lived itself."""
    return end.status > 0


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
