"""What isn't fit to be published is refused, by file and remedy, and what is fit is written exactly."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file, save_file

from lexfit.config import load_params
from lexfit.errors import LexfitError
from lexfit.publishing import preflight
from lexfit.publishing.hub import Wanted
from lexfit.publishing.publish import publish
from tests.publishing.conftest import commit_outputs, render

MODEL = Path("data/model/sentence_transformer")
CARD = Path("reports/model_card.md")
SCORES = Path("data/mteb_results/scores.json")
SECRET = "hf_" + "aB3" * 12


@pytest.fixture
def example_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usage example takes seconds; it has tests of its own."""
    monkeypatch.setattr(preflight, "check_example", lambda *_: "ran")


def refused(tmp_path: Path) -> LexfitError:
    """The error of a dry run, which must leave nothing behind."""
    target = tmp_path / "out"
    with pytest.raises(LexfitError) as caught:
        publish("org/name", Wanted(), lambda _: None, target)
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["project"]
    return caught.value


def change(path: Path, edit: Callable[[str], str]) -> None:
    text = path.read_text()
    assert edit(text) != text
    path.write_text(edit(text))


def set_param(dotted: str, value: object) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    section, key = dotted.split(".")
    params[section][key] = value
    Path("params.yaml").write_text(yaml.safe_dump(params))


@pytest.mark.usefixtures("project", "example_skipped")
def test_a_dry_run_writes_exactly_what_would_be_uploaded_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    adapter = Path("data/model/adapter")
    adapter.mkdir()
    save_file({"lora_A": np.ones((2, 2), np.float32)}, adapter / "adapter_model.safetensors")
    commit_outputs()
    render()
    publish("org/name", Wanted(tag="v1"), said.append, tmp_path / "out")
    target = tmp_path / "out"
    files = {p.relative_to(target).as_posix(): p for p in target.rglob("*") if p.is_file()}
    expected = {p.relative_to(MODEL).as_posix(): p for p in MODEL.rglob("*") if p.is_file()}
    expected["adapter/adapter_model.safetensors"] = adapter / "adapter_model.safetensors"
    assert set(files) == {*expected, "README.md"}
    assert all(files[name].read_bytes() == path.read_bytes() for name, path in expected.items())
    assert not any(path.is_symlink() for path in files.values())
    assert files["README.md"].read_text() == CARD.read_text().replace(str(MODEL), "org/name")
    assert 'SentenceTransformer("org/name")' in files["README.md"].read_text()
    assert "usage example runs from the exported folder in a clean process" in said
    assert any("would create org/name (public) if need be" in line and "tag it v1" in line for line in said)
    assert any(line.endswith("model.safetensors") for line in said)


@pytest.mark.usefixtures("project", "example_skipped")
class TestRefusals:
    """Each starts from a project that passes, and changes one thing."""

    def test_a_target_that_holds_something(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("x")
        with pytest.raises(LexfitError, match="isn't an empty folder"):
            publish("org/name", Wanted(), lambda _: None, tmp_path / "out")
        assert (tmp_path / "out" / "mine").read_text() == "x"

    @pytest.mark.parametrize("name", ["", "name", "a/b/c", "org/na me", "org/-name", "org/a--b", "org/x.git"])
    def test_a_name_that_no_repository_has(self, name: str) -> None:
        with pytest.raises(LexfitError, match="--repo org/name"):
            publish(name, Wanted(), lambda _: None)

    @pytest.mark.parametrize("tag", ["", "main", "a b", "v1..2", "x.lock", "-v", "v1/"])
    def test_a_name_that_no_tag_has(self, tag: str) -> None:
        with pytest.raises(LexfitError, match="can't be the name of a tag"):
            publish("org/name", Wanted(tag=tag), lambda _: None)

    def test_licences_that_conflict(self, tmp_path: Path) -> None:
        set_param("data.license", "cc-by-nc-4.0")
        assert "isn't publishable" in refused(tmp_path).problem

    def test_a_card_edited_by_hand(self, tmp_path: Path) -> None:
        change(CARD, lambda text: text + "\nThe best model there is.\n")
        error = refused(tmp_path)
        assert error.where == "reports/model_card.md (modified)"
        assert "dvc.lock" in error.problem

    def test_a_card_edited_by_hand_and_taken_into_the_lock(self, tmp_path: Path) -> None:
        change(CARD, lambda text: text.replace("0.43210", "0.93210"))
        commit_outputs()
        error = refused(tmp_path)
        assert "0.93210" in error.where
        assert "0.43210" in error.problem

    def test_a_score_of_the_front_matter_edited_and_taken_into_the_lock(self, tmp_path: Path) -> None:
        change(CARD, lambda text: text.replace("value: 0.4321", "value: 0.9321"))
        commit_outputs()
        assert "declares 0.9321" in refused(tmp_path).problem

    def test_weights_changed_after_the_run(self, tmp_path: Path) -> None:
        tensors = load_file(MODEL / "model.safetensors")
        name = next(iter(tensors))
        save_file({**tensors, name: tensors[name] + 1}, MODEL / "model.safetensors")
        assert refused(tmp_path).where == "data/model (modified)"
        commit_outputs()
        error = refused(tmp_path)
        assert "scores other weights" in error.problem

    def test_a_result_file_changed_after_the_run(self, tmp_path: Path) -> None:
        change(SCORES, lambda text: text.replace("0.4321", "0.9321"))
        assert refused(tmp_path).where == "data/mteb_results (modified)"

    def test_a_card_older_than_the_results(self, tmp_path: Path) -> None:
        from dvc.repo import Repo

        change(SCORES, lambda text: text.replace("0.4321", "0.9321"))
        with Repo() as repo:
            repo.commit(target="mteb_results", force=True)
        error = refused(tmp_path)
        assert error.where == "reports/model_card.md"
        assert "before a change of data/mteb_results" in error.problem

    def test_a_card_older_than_the_parameters(self, tmp_path: Path) -> None:
        set_param("card.language", "de")
        assert "before a change of params.yaml" in refused(tmp_path).problem

    def test_metrics_that_the_scores_do_not_give(self, tmp_path: Path) -> None:
        metrics = Path("reports/metrics.json")
        change(metrics, lambda text: text.replace("0.4321", "0.9321"))
        commit_outputs()
        assert refused(tmp_path).where == "reports/metrics.json"

    def test_scores_that_mteb_did_not_write(self, tmp_path: Path) -> None:
        (file,) = Path("data/mteb_results").rglob("AILAStatutes.json")
        change(file, lambda text: text.replace("0.12345", "0.12346"))
        commit_outputs()
        assert "ndcg_at_10 isn't as in" in refused(tmp_path).problem

    def test_no_result_file_of_mteb(self, tmp_path: Path) -> None:
        (file,) = Path("data/mteb_results").rglob("AILAStatutes.json")
        file.unlink()
        commit_outputs()
        assert "holds 0 files" in refused(tmp_path).problem

    def test_no_model(self, tmp_path: Path) -> None:
        (MODEL).rename("elsewhere")
        assert refused(tmp_path).remedy == "Run the pipeline: `dvc repro`"

    def test_no_pipeline(self, tmp_path: Path) -> None:
        Path("dvc.yaml").unlink()
        assert refused(tmp_path).where == "dvc.lock"

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("pytorch_model.bin", "pickled"),
            ("optimizer.pt", "pickled"),
            ("modeling.py", "is code"),
            (".DS_Store", "no file that belongs"),
            ("notes.docx", "no file that belongs"),
        ],
    )
    def test_a_file_that_is_not_published(self, tmp_path: Path, name: str, why: str) -> None:
        (MODEL / name).write_bytes(pickle.dumps([1]))
        commit_outputs()
        error = refused(tmp_path)
        assert name in error.problem
        assert why in error.problem

    def test_a_pickle_under_the_name_of_a_safetensors_file(self, tmp_path: Path) -> None:
        (MODEL / "more.safetensors").write_bytes(pickle.dumps({"w": [1.0]}))
        commit_outputs()
        error = refused(tmp_path)
        assert error.where.endswith("more.safetensors")
        assert "isn't a safetensors file" in error.problem

    def test_no_weights(self, tmp_path: Path) -> None:
        (MODEL / "model.safetensors").unlink()
        assert "no safetensors file" in refused(tmp_path).problem

    def test_a_readme_in_the_place_of_the_card(self, tmp_path: Path) -> None:
        (MODEL / "README.md").write_text("mine")
        assert "stands where the card goes" in refused(tmp_path).problem

    @pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
    def test_custom_code_of_transformers(self, tmp_path: Path, name: str) -> None:
        config = json.loads((MODEL / name).read_text())
        (MODEL / name).write_text(json.dumps({**config, "auto_map": {"AutoModel": "modeling.Mine"}}))
        error = refused(tmp_path)
        assert error.where.endswith(name)
        assert "auto_map" in error.problem

    def test_custom_code_of_sentence_transformers(self, tmp_path: Path) -> None:
        change(MODEL / "modules.json", lambda text: text.replace("sentence_transformers.", "mine.", 1))
        assert "custom code: mine." in refused(tmp_path).problem

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("language: en", "language: [en", "not valid YAML"),
            ("    metrics:\n", "    measures:\n", "isn't a valid model card"),
            ("library_name: sentence-transformers\n", "", "says nothing of library_name"),
            ("license: apache-2.0\n", "", "says nothing of license"),
            ("base_model: sentence-transformers/", "base_model: sentence transformers/", "isn't a valid model card"),
        ],
    )
    def test_a_card_that_is_not_valid(self, tmp_path: Path, old: str, new: str, problem: str) -> None:
        change(CARD, lambda text: text.replace(old, new, 1))
        assert problem in refused(tmp_path).problem

    def test_a_secret_in_a_text_file(self, tmp_path: Path) -> None:
        change(
            MODEL / "config_sentence_transformers.json", lambda text: text.replace("{", '{"note": "' + SECRET + '",', 1)
        )
        commit_outputs()
        render()
        error = refused(tmp_path)
        assert "config_sentence_transformers.json:1 has a Hugging Face token" in error.problem
        assert SECRET not in str(error)

    def test_a_machine_path_in_the_metadata_of_weights(self, tmp_path: Path) -> None:
        adapter = Path("data/model/adapter")
        adapter.mkdir()
        metadata = {"base": str(Path.cwd() / "data")}
        save_file({"w": np.ones(2, np.float32)}, adapter / "adapter_model.safetensors", metadata)
        commit_outputs()
        render()
        error = refused(tmp_path)
        assert "adapter/adapter_model.safetensors:1 has a machine path" in error.problem

    def test_no_usage_example(self, tmp_path: Path) -> None:
        change(CARD, lambda text: text.replace("data/model/sentence_transformer", "elsewhere"))
        commit_outputs()
        assert refused(tmp_path).where.startswith("reports/model_card.md")


@pytest.mark.usefixtures("project")
def test_a_usage_example_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lexfit.publishing.example.sys.executable", shutil.which("false"))
    assert refused(tmp_path).where == "README.md: usage example"


@pytest.mark.usefixtures("project", "example_skipped")
def test_an_override_of_a_licence_conflict_is_taken(tmp_path: Path) -> None:
    set_param("data.license", "cc-by-nc-4.0")
    set_param("card.licence_override_reason", "The owner permits it in writing.")
    commit_outputs()
    render()
    assert load_params().card.licence_override_reason
    publish("org/name", Wanted(), lambda _: None, tmp_path / "out")
    assert "The owner permits it in writing." in (tmp_path / "out/README.md").read_text()


@pytest.mark.usefixtures("project", "example_skipped")
def test_a_commit_that_moved_on_is_no_change_of_the_card(tmp_path: Path) -> None:
    change(CARD, lambda text: text.replace("\nCommit ", "\nCommit 0123, once "))
    commit_outputs()
    publish("org/name", Wanted(), lambda _: None, tmp_path / "out")
    assert (tmp_path / "out/README.md").exists()
