"""A Space's folder is whole: started elsewhere in a clean process without network, it answers over HTTP."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

from lexfit.demo.examples import CHOSEN
from lexfit.demo.space import check_corpus, parse_reference, write_space
from lexfit.errors import LexfitError
from lexfit.search import load, rank
from tests.demo.conftest import free_port
from tests.demo.http import ask, wait_for
from tests.publishing.finished import told

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Put before the program: asking for another machine's address, or connecting to one, is refused and written down.
GUARD = """
import sys
def watch(event, arguments):
    host = None
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    if host not in (None, "127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost"):
        print("OUTSIDE", host, file=sys.stderr, flush=True)
        raise OSError("no network")
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def space(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spaces") / "space"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(run)
        write_space(folder, None, lambda line: None)
    return folder


@pytest.fixture(scope="module")
def started(space: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The Space at an address, started as its host would, from a copy elsewhere; and what it said."""
    home = tmp_path_factory.mktemp("elsewhere")
    folder = shutil.copytree(space, home / "app")
    (home / "site").mkdir()
    (home / "site" / "sitecustomize.py").write_text(GUARD)
    port, said = free_port(), home / "said.txt"
    env = {
        name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS") if name in os.environ
    }
    env |= {"HOME": str(home), "PYTHONPATH": str(home / "site"), "GRADIO_SERVER_PORT": str(port)}
    env |= {"GRADIO_TEMP_DIR": str(home / "tmp"), "HF_HUB_OFFLINE": "1"}
    with said.open("w") as stream:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=env, stdout=stream, stderr=stream)
        try:
            yield wait_for(f"http://127.0.0.1:{port}", process, said), said
        finally:
            process.terminate()
            process.wait(30)


def test_the_space_answers_what_the_run_ranks(started: tuple[str, Path], in_run: Path) -> None:
    del in_run
    address, said = started
    html = ask(address, told(3), timeout=120)
    for method in ("bm25", "base", "finetuned"):
        column = html.partition(f"lf-column-{method}")[2].partition("</section>")[0]
        assert re.findall(r'data-id="(\w+)"', column) == [h.statute.id for h in rank(load(method), told(3), 10)]
    assert "OUTSIDE" not in said.read_text()


def test_the_space_writes_no_query_down(started: tuple[str, Path]) -> None:
    address, said = started
    assert "lf-hit" in ask(address, "The zebrawood cabinet was taken by night.", timeout=120)
    written = [file for file in said.parent.rglob("*") if file.is_file()]
    assert said in written
    assert not [file for file in written if b"zebrawood" in file.read_bytes()]


def test_the_card_configures_the_space_and_says_what_it_holds(space: Path) -> None:
    import gradio

    card = SpaceCard.load(space / "README.md")
    assert (card.data.sdk, card.data.sdk_version, card.data.app_file) == ("gradio", gradio.__version__, "app.py")
    assert card.data.license == "apache-2.0"
    assert card.data.datasets == ["mteb/AILA_statutes"]
    assert "cc-by-4.0" in card.text
    assert "not legal advice" in card.text
    assert "95 % interval" in card.text


def test_requirements_are_pinned_exactly(space: Path) -> None:
    import gradio

    lines = [line for line in (space / "requirements.txt").read_text().splitlines() if not line.startswith("--")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines)
    assert f"gradio=={gradio.__version__}" in lines


def test_statutes_and_examples_are_the_runs(space: Path, in_run: Path) -> None:
    del in_run
    statutes = [json.loads(line) for line in (space / "statutes.jsonl").read_text().splitlines()]
    assert [(s["id"], tuple(s["passages"])) for s in statutes] == [(s.id, s.passages) for s in load("bm25").statutes]
    facts = json.loads((space / "space.json").read_text())
    assert [example["id"] for example in facts["examples"]] == list(CHOSEN)
    assert not [example for example in facts["examples"] if example["labels"] or example["trained"]]


def test_weights_are_safetensors_and_no_other_module_comes_along(space: Path) -> None:
    suffixes = {file.suffix for folder in ("base", "model") for file in (space / folder).rglob("*") if file.is_file()}
    assert suffixes == {".json", ".safetensors"}
    assert not (space / "lexfit" / "training" / "trainer.py").exists()
    assert (space / "lexfit" / "demo" / "style.css").is_file()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("statutes.jsonl", "was changed since"),
        ("vectors.safetensors", "was changed since"),
        ("model/model.safetensors", "holds other weights"),
    ],
)
def test_a_space_that_was_tampered_with_does_not_start(space: Path, tmp_path: Path, name: str, problem: str) -> None:
    from lexfit.demo.space_app import read_space

    folder = shutil.copytree(space, tmp_path / "space")
    if name.endswith(".safetensors"):
        shutil.copyfile(folder / "base" / "model.safetensors", folder / name)
    else:
        (folder / name).write_text((folder / name).read_text().replace("a", "b", 1))
    with pytest.raises(LexfitError, match=problem):
        read_space(folder)


def test_a_model_on_the_hub_is_named_by_its_commit(in_run: Path, tmp_path: Path) -> None:
    del in_run
    write_space(tmp_path / "space", f"org/name@{COMMIT}", lambda line: None)
    assert not (tmp_path / "space" / "model").exists()
    card = SpaceCard.load(tmp_path / "space" / "README.md")
    assert "org/name" in card.data.models
    assert card.data.preload_from_hub == [f"org/name * {COMMIT}"]
    assert json.loads((tmp_path / "space" / "space.json").read_text())["model"]["revision"] == COMMIT


def test_a_model_on_the_hub_is_loaded_at_its_commit_and_its_weights_are_checked(
    space: Path, in_run: Path, tmp_path: Path
) -> None:
    del in_run
    write_space(tmp_path / "space", f"org/name@{COMMIT}", lambda line: None)
    kept = tmp_path / "hf" / "hub" / "models--org--name" / "snapshots" / COMMIT
    shutil.copytree(space / "model", kept)
    code = (
        "from pathlib import Path; from lexfit.demo.space_app import read_space; read_space(Path('.')); print('read')"
    )
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS") if name in os.environ}
    env |= {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path / "space", env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "read\n", done.stderr
    shutil.copyfile(space / "base" / "model.safetensors", kept / "model.safetensors")
    done = subprocess.run(command, cwd=tmp_path / "space", env=env, capture_output=True, text=True, check=False)
    assert "holds other weights" in done.stderr


@pytest.mark.parametrize("given", ["name", "org/name", "org/name@main", f"name@{COMMIT}", "org/na me@" + COMMIT])
def test_a_reference_without_owner_or_commit_is_refused(given: str) -> None:
    with pytest.raises(LexfitError):
        parse_reference(given)


def test_statutes_that_may_not_be_passed_on_are_refused() -> None:
    check_corpus("aila_fire", "cc-by-4.0")
    for licence in ("cc-by-nd-4.0", "unknown", "my-own"):
        with pytest.raises(LexfitError, match="doesn't say that the statutes' texts may be passed on"):
            check_corpus("mine", licence)


def test_a_secret_leaves_no_folder_behind(in_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del in_run
    monkeypatch.setattr("lexfit.demo.space.APP", 'TOKEN = "hf_' + "a" * 34 + '"\n')
    with pytest.raises(LexfitError, match=r"app\.py:1 has a Hugging Face token"):
        write_space(tmp_path / "space", None, lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_another_folder_is_never_replaced(in_run: Path, tmp_path: Path) -> None:
    del in_run
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LexfitError, match=r"holds no space\.json"):
        write_space(tmp_path, None, lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
