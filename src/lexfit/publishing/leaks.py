"""Secrets and paths of this machine in what would be published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.io import decode_utf8
from lexfit.publishing.safe_files import WEIGHTS, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = {
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{36,})",
    "an API key": r"\b(?:sk-(?:[a-z]+-)*[A-Za-z0-9]{32,}|AIza[0-9A-Za-z_-]{35})",
    "a Slack token": r"\bxox[abposr]-[0-9A-Za-z-]{10,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "a password in an address": r"[a-z][a-z0-9+.-]*://[^/\s:@\"']+:[^/\s:@\"']{3,}@[\w.-]+",
    "a secret": r"(?i)\b(?:api[_-]?key|secret[_-]?key|access[_-]?token|password)\b[\"']?\s*[:=]\s*[\"']?[\w+/-]{16,}",
}
HOMES = r"(?<![\w.])/(?:home|Users)/[\w.-]+/[\w.-]+|\b[A-Za-z]:\\+Users\\+[\w.-]+|\bfile:/{1,3}[A-Za-z][\w.-]*/"
ABSOLUTE = re.compile(r"(?<![\w:/.<])/(?:[\w.-]+/)+[\w.-]+")
SYSTEM = {"bin", "dev", "etc", "lib", "lib64", "opt", "proc", "sbin", "sys", "usr", "var"}
SHOWN = 12
PRINTABLE = re.compile(rb"[\x20-\x7e]{12,}")  # of a graph: its names and notes, between the weights


def _machine() -> str:
    """A pattern of this project's folder and the user's home, where those are more than a root."""
    known = {path.resolve().as_posix() for path in (Path.cwd(), Path.home())} - {"/"}
    return "|".join([HOMES, *(re.escape(path) + r"/[\w.-]" for path in sorted(known))])


def leaks(text: str, token: str | None) -> Iterator[tuple[int, str]]:
    """Line number and kind of each secret and machine path in a text; a secret itself is never given away.

    A path is one of this machine if it lies below a home or this project, or if it exists here outside of the
    system's own folders.

    Args:
        text: A file's text.
        token: The token that this run would use.
    """
    spans = [(m.start(), kind) for kind, pattern in SECRETS.items() for m in re.finditer(pattern, text)]
    if token:
        spans += [(m.start(), "the token in use") for m in re.finditer(re.escape(token), text)]
    spans += [(m.start(), f"a machine path ({m.group()}…)") for m in re.finditer(_machine(), text)]
    for match in ABSOLUTE.finditer(text):
        path = Path(match.group())
        if path.parts[1] not in SYSTEM and path.exists():
            spans.append((match.start(), f"a machine path ({path})"))
    for start, kind in sorted(spans):
        yield text.count("\n", 0, start) + 1, kind


def check_leaks(files: dict[str, Path], token: str | None) -> None:
    """Raise `LexfitError` that names file, line and kind of each secret and machine path.

    Args:
        files: Source by path in the repository, README.md among them; of safetensors the text metadata is read,
            of an ONNX graph all that is text.
        token: The token that this run would use, searched literally.
    """
    found = []
    for name, source in files.items():
        if name.endswith(WEIGHTS):
            text = "\n".join(f"{key}={value}" for key, value in metadata_of(source).items())
        elif name.endswith((".model", ".bin")):
            continue
        elif name.endswith(".onnx"):
            text = "\n".join(run.decode() for run in PRINTABLE.findall(source.read_bytes()))
        else:
            text = decode_utf8(source.read_bytes(), name)
        found += [f"{name}:{line} has {kind}" for line, kind in leaks(text, token)]
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise LexfitError(
            "what would be published",
            "; ".join(found[:SHOWN]) + more,
            "Remove it where it comes from, revoke a secret that was written down, and run `dvc repro`",
        )
