"""A Space's requirements: exact, whole, and without what only a GPU build needs."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

from lexfit.demo.pins import distributions, requirements, requirements_file
from lexfit.errors import LexfitError


def test_modules_are_named_by_what_brings_them() -> None:
    assert distributions(["yaml", "sentence_transformers"]) == ["pyyaml", "sentence-transformers"]


def test_what_is_not_installed_is_an_error() -> None:
    with pytest.raises(LexfitError, match="no_such_module: isn't installed"):
        distributions(["yaml", "no_such_module"])


def test_all_that_is_needed_is_pinned_as_installed() -> None:
    found = requirements(["sentence-transformers"])
    assert {"torch", "transformers", "numpy", "tokenizers", "huggingface-hub"} <= found.keys()
    assert found["numpy"] == metadata.version("numpy")
    assert "+" not in found["torch"]
    assert not [name for name in found if name.startswith(("nvidia-", "triton"))]
    assert "pytest" not in found


def test_the_file_has_a_pin_a_line_and_takes_torch_for_cpus() -> None:
    first, *lines = requirements_file(["torch", "numpy"]).splitlines()
    assert first.startswith("--extra-index-url ")
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines)
    assert lines == sorted(lines)
