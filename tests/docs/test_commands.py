"""Every command of the README and the user guide works: it is run, composed, resolved or, where declared, parsed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lexfit.__main__ import main
from lexfit.config import load_params
from lexfit.corpus.sources import load
from lexfit.publishing import preflight
from tests.conftest import REPO, write_beir
from tests.docs.finished_project import make_project
from tests.docs.kinds import (
    DECLARED,
    check_composed,
    check_make,
    check_recipe,
    grids,
    kind,
    lexfit_parser,
    parse,
    stages,
    words,
)
from tests.docs.messages import messages
from tests.docs.pages import GUIDE, PAGES, README, Block, Command, all_commands, blocks, inline_code
from tests.publishing.finished import cases
from tests.stages.workspace import Workspace

LANGUAGES = {"", "console", "python"}
GROUPS = {"exp", "metrics", "plots", "queue", "remote"}  # of dvc: their commands are two words
# What an error names and DVC doesn't have: mending it makes stage report run again.
UNKNOWN: set[str] = set()
SHOWN = re.compile(r"path=(pairs\.csv|mine)\b")
# A translation repeats commands and blocks; each is checked once.
ONCE = list(dict.fromkeys(command for _, command in all_commands(PAGES)))
BLOCKS = {block.text: block for page in reversed(PAGES) for block in blocks(page)}
RUN = [
    block
    for block in BLOCKS.values()
    if block.language == "python" or any(kind(command.text) == "run" for command in block.commands)
]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    return make_project(tmp_path_factory.mktemp("docs") / "project", tiny_model)


@pytest.fixture(scope="module")
def passed() -> set[tuple[str, str]]:
    """Commands of lexfit that have run, with the params that they ran under."""
    return set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_of_a_known_language_and_its_commands_are_seen(page: Path) -> None:
    found = blocks(page)
    assert {block.language for block in found} <= LANGUAGES
    assert page.read_text().count("\n```") == 2 * len(found), "a block stands where no reader of commands sees it"
    for block in found:
        assert bool(block.commands) == (block.language == "console"), block.place


def test_what_is_declared_is_still_there() -> None:
    assert set(DECLARED) <= {command.text for command in ONCE}


@pytest.mark.parametrize("command", ONCE, ids=lambda command: command.text[:60])
def test_every_command_is_of_a_kind_and_its_program_takes_it(command: Command, space: Workspace) -> None:
    found = kind(command.text)
    program, *arguments = words(command.text)
    if found == "composed":
        check_composed(arguments, command.error)
    elif found == "make":
        check_make(arguments)
    elif found == "recipe":
        check_recipe(program)
    elif found == "dry":
        assert {target.partition("@")[0] for target in parse("dvc", arguments).targets} <= stages()
        space.run("dvc", "repro", "--dry", *arguments[1:])
    elif program in {"dvc", "lexfit"}:
        parse(program, arguments)


def run_lexfit(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """A command of lexfit in this process: its exit status, and what it printed."""
    capsys.readouterr()
    status = 0
    try:
        main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    captured = capsys.readouterr()
    return status, captured.out + captured.err


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_commands_of_a_block_run_one_after_another(
    block: Block,
    space: Workspace,
    passed: set[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(space.root)
    monkeypatch.setattr(preflight, "check_example", lambda *_: "ran")  # tests/publishing/test_example.py runs it
    if block.language == "python":
        exec(compile(block.text, block.place, "exec"), {})
        assert capsys.readouterr().out
    for command in [one for one in block.commands if kind(one.text) == "run"]:
        program, *arguments = shlex.split(command.text)
        if program != "lexfit":
            space.run("bash", "-c", command.text)
        elif (key := (Path("params.yaml").read_text(), command.text)) not in passed:
            status, said = run_lexfit(arguments, capsys)
            assert status == (1 if command.error else 0), said
            assert command.error is None or f"ERROR: {command.error}\n" in said
            load_params()
            passed.add(key)
    space.run("git", "checkout", "-q", ".")
    space.run("git", "clean", "-qfd")


def test_data_as_they_are_shown_can_be_read(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table `pairs.csv`, and a folder `mine` of BEIR layout, as the commands with them would load them."""
    monkeypatch.chdir(space.root)
    write_beir(space.root / "mine", cases(), lambda query: "train" if query.id < "k3" else "test")
    loaded = set()
    for command in [one for one in ONCE if SHOWN.search(one.text) and kind(one.text) == "composed" and not one.error]:
        (overrides,) = grids(parse("dvc", words(command.text)[1:]).set_param, queued=False)
        main(["compose", *overrides])
        data = load_params().data
        sources = {"data": data, **{f"data.train.{name}": source for name, source in data.train.items()}}
        for key, source in sources.items():
            if source.path in {"pairs.csv", "mine"}:
                assert load(source, key).queries
                loaded.add(source.source)
    space.run("git", "checkout", "-q", ".")
    space.run("git", "clean", "-qfd")
    assert loaded == {"beir", "columns"}


COMMAND = re.compile(r"(dvc|lexfit|make) |runs/\w+\.sh")


def check_told(code: str, *, whole: bool) -> None:
    """Check a command in running text; a word `…` leaves what follows open, and within a word it stands for a value.

    Args:
        code: The command.
        whole: Its overrides are such as can be composed.
    """
    given = re.split(r"\s…|\s-S$", code)[0]
    program, *arguments = shlex.split(given.replace("…", "x"))
    name = arguments[: 2 if arguments and arguments[0] in GROUPS else 1]
    if program.startswith("runs/"):
        check_recipe(program)
    elif program == "make":
        check_make(arguments)
    elif given == code and arguments[:2] == ["exp", "run"] and whole and "…" not in code:
        check_composed(arguments)
    elif given == code and arguments != name:
        parse(program, arguments)
    else:
        with pytest.raises(SystemExit) as helped:
            parse(program, [*name, "--help"])
        assert helped.value.code == 0, code


@pytest.mark.parametrize("page", [README, *GUIDE], ids=lambda page: page.stem)
def test_commands_in_running_text_are_commands(page: Path) -> None:
    for code in inline_code(page):
        if COMMAND.match(code):
            check_told(code, whole=True)


def test_commands_that_errors_of_lexfit_name_are_commands() -> None:
    from dvc.cli import DvcParserError

    wrong = set()
    for message in messages("x"):
        for code in filter(COMMAND.match, re.findall(r"`([^`\n]+)`", message)):
            try:
                check_told(code, whole=False)
            except DvcParserError:
                wrong.add(code)
    assert wrong == UNKNOWN


@pytest.mark.parametrize("script", sorted((REPO / "runs").iterdir()), ids=lambda path: path.name)
def test_commands_that_a_recipe_tells_in_a_comment_are_commands(script: Path) -> None:
    comments = " ".join(re.findall(r"^# (.*)$", script.read_text(), re.MULTILINE))
    for code in filter(COMMAND.match, re.findall(r"`([^`]+)`", comments)):
        check_told(code, whole=True)


def test_a_command_of_no_kind_is_refused() -> None:
    for unknown in ("curl https://example.org", "lexfit demo", "lexfit summary | less", "runs/../x.sh"):
        with pytest.raises(AssertionError):
            kind(unknown)


def test_every_command_of_lexfit_is_told() -> None:
    told = {" ".join(command.text.split()[:2]) for command in ONCE}
    told |= {" ".join(code.split()[:2]) for page in [README, *GUIDE] for code in inline_code(page)}
    names = re.findall(r"^    ([a-z][a-z-]+)", lexfit_parser().format_help(), re.MULTILINE)
    assert len(names) > 10
    assert {f"lexfit {name}" for name in names} <= told


def test_every_recipe_is_told() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert not [path.name for path in (REPO / "runs").iterdir() if f"runs/{path.name}" not in text]


@pytest.mark.parametrize(("group", "page"), [("hardware", "hardware.md"), ("protocol", "trust.md")])
def test_every_choice_of_a_group_is_told(group: str, page: str) -> None:
    told = set(inline_code(REPO / "docs" / page))
    assert {path.stem for path in (REPO / "conf" / group).glob("*.yaml")} <= told
