"""Where a base model's files are: found without importing the package that holds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.model_files import gguf_parts, joined_sha256, model_folder

Make = Callable[..., Params]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path; importing one of its packages is an error."""
    for package in ("weights_whole", "weights_cut", "weights_cut_part1", "weights_cut_part2"):
        (tmp_path / package / "data").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "weights_whole/m.gguf").write_bytes(b"abcd")
    (tmp_path / "weights_cut_part1/data/m.gguf.part00").write_bytes(b"ab")
    (tmp_path / "weights_cut_part2/data/m.gguf.part01").write_bytes(b"cd")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def params(make_params: Make, *overrides: str) -> Params:
    return make_params("model=smollm2-135m", "model.gguf_file=m.gguf", *overrides)


def test_a_file_and_its_parts_are_found_and_hash_alike(site: Path, make_params: Make) -> None:
    whole = gguf_parts(params(make_params, "model.package=weights_whole").model)
    cut = gguf_parts(params(make_params, "model.package=weights_cut").model)
    assert whole == [site / "weights_whole/m.gguf"]
    assert [part.name for part in cut] == ["m.gguf.part00", "m.gguf.part01"]
    assert joined_sha256(whole) == joined_sha256(cut)
    assert model_folder(params(make_params, "model.package=weights_whole").model) == site / "weights_whole"


def test_a_path_comes_before_the_package(site: Path, make_params: Make, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/m.gguf").write_bytes(b"")
    assert gguf_parts(params(make_params, f"model.path={tmp_path}/other").model) == [tmp_path / "other/m.gguf"]


def test_a_model_without_gguf_has_no_parts(make_params: Make) -> None:
    assert gguf_parts(make_params().model) == []
    assert (model_folder(make_params().model) or Path()).joinpath("model.safetensors").exists()
    assert model_folder(make_params("model=legal-bert").model) is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.package=null"], r"model\.gguf_file: m\.gguf has neither package nor path.*gguf_file=null"),
        (
            ["model.package=weights_absent"],
            r"model\.package: the package weights_absent is not installed.*smollm2-135m",
        ),
        (["model.package=weights_cut_part9"], r"model\.package: the package weights_cut_part9 is not installed"),
        (["model.package=weights_cut_part1"], r"model\.package: weights_cut_part1 holds no other\.gguf"),
        (["model.path=nowhere"], r"model\.path: nowhere holds no m\.gguf"),
    ],
)
def test_what_is_missing_is_named(site: Path, make_params: Make, overrides: list[str], message: str) -> None:
    name = ["model.gguf_file=other.gguf"] if "other" in message else []
    with pytest.raises(LexfitError, match=message):
        gguf_parts(params(make_params, *overrides, *name).model)
