"""Exact pins of what a Space needs: the packages that code imports and all that those need, as they are installed."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterable

# What torch's CUDA build needs; a Space without a GPU gets the CPU build, from PyTorch's own index.
CUDA = ("nvidia-", "cuda-", "triton")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(modules: Iterable[str]) -> list[str]:
    """Names of the distributions that bring importable modules.

    Raises:
        LexfitError: None that is installed brings one of them.
    """
    known = metadata.packages_distributions()
    missing = sorted(name for name in modules if name not in known)
    if missing:
        raise LexfitError(", ".join(missing), "isn't installed", "Run `make setup` and `make demo`")
    return sorted({normal(name) for module in modules for name in known[module]})


def requirements(names: Iterable[str]) -> dict[str, str]:
    """The version of each distribution and of all that it needs, by name; local parts (`+cpu`) are left out."""
    found: dict[str, str] = {}
    todo = [normal(name) for name in names]
    while todo:
        name = todo.pop()
        if name in found or name.startswith(CUDA):
            continue
        found[name] = metadata.version(name).partition("+")[0]
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(normal(needed.name))
    return dict(sorted(found.items()))


def requirements_file(modules: Iterable[str]) -> str:
    """requirements.txt for code that imports these modules."""
    pins = requirements(distributions(modules))
    return f"--extra-index-url {CPU_INDEX}\n" + "".join(f"{name}=={version}\n" for name, version in pins.items())
