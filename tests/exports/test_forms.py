"""Exports of a small model through their own runtimes: float32 gives torch's vectors, int8 nearly so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from lexfit.errors import LexfitError
from lexfit.exports import packages
from lexfit.exports.forms import FORMS, check_same, forms_of, write_forms
from lexfit.exports.packages import missing, require
from lexfit.exports.sessions import Backend, load_export

BACKENDS: tuple[Backend, ...] = ("onnx", "openvino")
TEXTS = [f"the appellant number {n} was charged with theft of {n} cows at night" for n in range(12)]
MIXED = ["theft", "a tax on land " * 40, "the murder of a man in a house at night"]


@pytest.fixture(scope="module")
def exported(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    absent = [name for backend in BACKENDS for name in missing(backend)]
    if absent:
        pytest.skip(f"{', '.join(sorted(set(absent)))} absent: `make setup-exports` installs them")
    folder = tmp_path_factory.mktemp("exported") / "model"
    model = SentenceTransformer(str(tiny_model), device="cpu")
    write_forms(model, tiny_model, folder, BACKENDS, TEXTS)
    return folder


@pytest.mark.parametrize("form", forms_of(BACKENDS), ids=lambda form: form.name)
def test_vectors_are_those_of_torch_for_any_number_and_length_of_texts(
    exported: Path, tiny_model: Path, form: object
) -> None:
    from lexfit.exports.forms import Form

    assert isinstance(form, Form)
    expected = SentenceTransformer(str(tiny_model), device="cpu").encode(MIXED, normalize_embeddings=True)
    model = load_export(tiny_model, exported / form.file, form.backend, 1)
    for batch_size in (1, 3):
        found = model.encode(MIXED, batch_size=batch_size, normalize_embeddings=True)
        cosines = np.sum(found * expected, axis=1)
        assert cosines.min() > (0.9999 if form.precision == "float32" else 0.95)
    assert form.size(exported) > 0


def test_the_folder_has_all_but_the_weights_and_no_pickle(exported: Path, tiny_model: Path) -> None:
    files = {p.relative_to(exported).as_posix() for p in exported.rglob("*") if p.is_file()}
    assert {form.file for pair in FORMS.values() for form in pair} <= files
    assert "modules.json" in files
    assert not [name for name in files if name.endswith((".safetensors", ".pt", ".pkl"))]
    assert {p.name for p in tiny_model.iterdir() if p.is_file()} - files <= {"model.safetensors"}


def test_an_export_of_other_weights_is_refused(exported: Path, tiny_model: Path) -> None:
    model = SentenceTransformer(str(tiny_model), device="cpu")
    check_same(model, tiny_model, exported, forms_of(BACKENDS), texts=TEXTS, threads=1)
    for parameter in model.parameters():
        parameter.data = parameter.data.flip(0)
    with pytest.raises(LexfitError, match="gives other vectors than the model itself"):
        check_same(model, tiny_model, exported, forms_of(BACKENDS), texts=TEXTS, threads=1)


@pytest.mark.parametrize("purpose", ["onnx", "openvino", "search"])
def test_missing_packages_name_the_command_that_installs_them(purpose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(LexfitError, match="Run `make setup-exports`"):
        require(purpose)
