"""A stage's file of hashes names all that it runs, changes with each of it and with nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lexfit import imports, stage_code
from lexfit.errors import LexfitError
from lexfit.stage_code import CODE, PLUMBING, check_code, code_of
from tests.conftest import REPO
from tests.imports import closure


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, read in place of the package; the working directory is beside it."""
    copy = tmp_path / "src"
    shutil.copytree(REPO / "src/lexfit", copy / "lexfit", ignore=shutil.ignore_patterns("__pycache__"))
    for module in (imports, stage_code):
        monkeypatch.setattr(module, "SOURCE", copy)
    monkeypatch.chdir(tmp_path)
    CODE.mkdir(parents=True)
    imports.direct_imports.cache_clear()
    return copy


def named(text: str) -> list[str]:
    return [line.split("  ")[1] for line in text.splitlines()]


def test_it_names_each_module_that_the_stage_imports_but_plumbing_and_empty_packages() -> None:
    names = named(code_of("clean"))
    assert {"lexfit/stages/clean.py", "lexfit/corpus/sketches.py"} <= set(names)
    assert names == sorted(names)
    assert {path.removeprefix("src/") for path in closure("lexfit.stages.clean")} - set(names) <= PLUMBING
    assert "lexfit/training/losses/__init__.py" in named(code_of("model"))


def test_what_is_called_plumbing_exists() -> None:
    assert not [name for name in PLUMBING if not (REPO / "src" / name).is_file()]


def test_sha256sum_reads_it(source: Path) -> None:
    text = code_of("raw")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet"], input=text, text=True, cwd=source, check=False
    )
    assert done.returncode == 0


def test_it_follows_imports_within_functions_and_changes_with_each_of_them(source: Path) -> None:
    before = code_of("clean")
    (source / "lexfit/corpus/new.py").write_text("VALUE = 1\n")
    stage = source / "lexfit/stages/clean.py"
    stage.write_text(stage.read_text() + "\n\ndef late():\n    from lexfit.corpus import new\n    return new\n")
    imports.direct_imports.cache_clear()
    with_new = code_of("clean")
    assert set(named(with_new)) - set(named(before)) == {"lexfit/corpus/new.py"}
    (source / "lexfit/corpus/new.py").write_text("VALUE = 2\n")
    assert code_of("clean") != with_new


def test_plumbing_and_other_stages_change_nothing(source: Path) -> None:
    before = code_of("clean")
    for name in ("lexfit/errors.py", "lexfit/stages/raw.py", "lexfit/training/trainer.py"):
        with (source / name).open("a") as stream:
            stream.write("\nMORE = 1\n")
    imports.direct_imports.cache_clear()
    assert code_of("clean") == before


def test_a_module_changed_or_gone_since_is_named(source: Path) -> None:
    for stage in ("crossval", "clean"):
        (CODE / f"{stage}.sha256").write_text(code_of(stage))
    check_code("crossval@0")
    check_code("clean")
    changed = source / "lexfit/corpus/sketches.py"
    changed.write_text(changed.read_text() + "\n")
    with pytest.raises(
        LexfitError, match=r"^src/lexfit/corpus/sketches\.py: has changed since stage code ran. Run `dvc rep"
    ):
        check_code("clean")
    check_code("crossval@0")
    changed.unlink()
    with pytest.raises(LexfitError, match=r"sketches\.py: has changed"):
        check_code("clean")
