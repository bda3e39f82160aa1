"""The upload over HTTP: one commit or none, faults with a remedy, nothing sent twice, everything served compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, constants

from lexfit.errors import LexfitError
from lexfit.publishing.hub import Wanted, push
from tests.publishing.hub_answers import TOKEN
from tests.publishing.hub_server import Fault, Hub, running_hub

REPO = "org/statutes"
CARD = "---\nlicense: apache-2.0\n---\n\n# A model\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is to be served: six files, one of them large for the Hub."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 300)
    for name in ("config.json", "modules.json", "tokenizer.json", "1_Pooling/config.json"):
        (folder / name).write_text(f'{{"name": "{name}"}}')
    return folder


def send(hub: Hub, folder: Path, wanted: Wanted | None = None, token: str = TOKEN) -> list[str]:
    said: list[str] = []
    push(HfApi(hub.url, token), REPO, folder, wanted or Wanted(), message="A model", say=said.append)
    return said


def refused(hub: Hub, folder: Path, wanted: Wanted | None = None, token: str = TOKEN) -> LexfitError:
    with pytest.raises(LexfitError) as caught:
        send(hub, folder, wanted, token)
    return caught.value


def commits(hub: Hub) -> list[str]:
    return [commit.summary for commit in hub.repos[REPO].commits[1:]] if REPO in hub.repos else []


def expected(folder: Path) -> dict[str, bytes | str]:
    files: dict[str, bytes | str] = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    large = folder / "model.safetensors"
    return {**files, "model.safetensors": hashlib.sha256(large.read_bytes()).hexdigest()}


def served(hub: Hub) -> dict[str, bytes | str]:
    files = dict(hub.repos[REPO].commits[-1].files)
    files.pop(".gitattributes")
    return files


def test_first_push_is_public_one_commit_tagged_and_exactly_the_folder(hub: Hub, folder: Path) -> None:
    said = send(hub, folder, Wanted(tag="v1.0"))
    repo = hub.repos[REPO]
    assert not repo.private
    assert commits(hub) == ["A model"]
    assert served(hub) == expected(folder)
    assert hub.large[str(expected(folder)["model.safetensors"])] == (folder / "model.safetensors").read_bytes()
    assert repo.tags == {"v1.0": repo.commits[-1].oid}
    assert "the Hub serves all 6 files with the hashes that were meant" in said


def test_a_second_push_of_the_same_sends_nothing_and_says_so(hub: Hub, folder: Path) -> None:
    send(hub, folder, Wanted(tag="v1.0"))
    hub.requests.clear()
    said = send(hub, folder, Wanted(tag="v1.0"))
    assert hub.count("^(POST|PUT)") == 0
    assert any("holds these files already" in line for line in said)
    assert "tag v1.0 was there already" in said


def test_only_what_changed_is_sent(hub: Hub, folder: Path) -> None:
    send(hub, folder)
    (folder / "README.md").write_text(CARD + "Better.\n")
    hub.requests.clear()
    said = send(hub, folder)
    assert commits(hub) == ["A model", "A model"]
    assert served(hub) == expected(folder)
    assert hub.count("PUT /storage") == 0
    assert any(line.endswith("1 files sent, 0 deleted") for line in said)


def test_private_repository_is_made_private(hub: Hub, folder: Path) -> None:
    send(hub, folder, Wanted(private=True))
    assert hub.repos[REPO].private


@pytest.mark.parametrize(("there", "asked"), [(True, False), (False, True)])
def test_a_repository_of_other_visibility_is_refused_before_anything_is_sent(
    hub: Hub, folder: Path, there: bool, asked: bool
) -> None:
    HfApi(hub.url, TOKEN).create_repo(REPO, private=there)
    error = refused(hub, folder, Wanted(private=asked))
    assert error.problem == f"exists and is {'private' if there else 'public'}"
    assert "private" in error.remedy
    assert commits(hub) == []
    assert not hub.large


FAULTS: list[tuple[str, Fault, str, str]] = [
    ("401", Fault("POST /api/repos/create", 401), "doesn't accept the token", "HF_TOKEN"),
    ("403", Fault("POST /api/repos/create", 403), "may not write", "owner must let you"),
    ("404", Fault("POST /api/repos/create", 404), "no such repository or owner", "Check --repo"),
    ("409 at the commit", Fault("POST .*/commit/", 409), "something else changed", "Run the same command again"),
    ("412 at the commit", Fault("POST .*/commit/", 412), "something else changed", "Run the same command again"),
    ("429", Fault("POST .*/commit/", 429, {"Retry-After": "7"}), "takes no more requests", "Wait 7 seconds"),
    ("429 for good", Fault("POST .*/preupload/", 429, {"Retry-After": "7"}), "no more requests", "Wait 7 seconds"),
    ("429, no word", Fault("POST .*/tag/", 429), "takes no more requests", "Wait some minutes"),
    ("418", Fault("POST .*/commit/", 418), "refuses with status 418", "Mend what it names"),
    ("500 while looking", Fault(f"GET /api/models/{REPO}", 500), "fault of its own, status 500", "Run the same"),
    ("500 at the upload", Fault("PUT /storage", 500), "fault of its own, status 500", "Run the same command again"),
    ("503 at the batch", Fault("POST .*/lfs/objects/batch", 503), "status 503", "Run the same command again"),
    ("500 after the upload", Fault("POST /verify", 500), "status 500", "Run the same command again"),
    ("500 at the commit", Fault("POST .*/commit/", 500), "status 500", "Run the same command again"),
    ("drop at creation", Fault("POST /api/repos/create"), "connection broke", "Run the same command again"),
    ("drop at the upload", Fault("PUT /storage"), "connection broke", "Run the same command again"),
    ("drop after the upload", Fault("PUT /storage", after_work=True), "connection broke", "Run the same command again"),
    ("drop at the commit", Fault("POST .*/commit/"), "connection broke", "Run the same command again"),
    ("drop at the tag", Fault("POST .*/tag/"), "connection broke", "Run the same command again"),
    ("500 at the tag", Fault("POST .*/tag/", 500), "status 500", "Run the same command again"),
    ("drop while comparing", Fault("HEAD"), "connection broke", "Run the same command again"),
]


@pytest.mark.parametrize(("fault", "problem", "remedy"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_names_its_remedy_publishes_nothing_half_and_a_second_run_sends_nothing_twice(
    hub: Hub, folder: Path, fault: Fault, problem: str, remedy: str
) -> None:
    hub.faults = [Fault(fault.request, fault.status, fault.headers, after_work=fault.after_work)]
    error = refused(hub, folder, Wanted(tag="v1"))
    assert problem in error.problem
    assert remedy in error.remedy
    whole = fault.request in {"POST .*/tag/", "HEAD"}  # after the commit, which is then complete
    assert commits(hub) == (["A model"] if whole else [])
    assert REPO not in hub.repos or hub.repos[REPO].tags == {}
    arrived = set(hub.large)

    hub.faults, before = [], hub.count("PUT /storage")
    send(hub, folder, Wanted(tag="v1"))
    assert commits(hub) == ["A model"]
    assert served(hub) == expected(folder)
    assert hub.repos[REPO].tags == {"v1": hub.repos[REPO].commits[-1].oid}
    assert hub.count("PUT /storage") - before == (0 if arrived else 1)


def test_a_commit_whose_answer_was_lost_is_not_made_again(hub: Hub, folder: Path) -> None:
    hub.faults = [Fault("POST .*/commit/", after_work=True)]
    assert "connection broke" in refused(hub, folder).problem
    hub.faults = []
    said = send(hub, folder)
    assert commits(hub) == ["A model"]
    assert any("holds these files already" in line for line in said)


def test_a_short_fault_is_waited_out_as_the_hub_asks(hub: Hub, folder: Path, waits: list[float]) -> None:
    hub.faults = [
        Fault("POST .*/preupload/", 429, {"Retry-After": "7"}, times=1),
        Fault("PUT /storage", 500, times=1),
        Fault("POST /verify", times=1),
    ]
    send(hub, folder)
    assert waits == [8.0, 1, 1]
    assert served(hub) == expected(folder)


def test_a_wrong_token_is_told_from_a_missing_repository(hub: Hub, folder: Path) -> None:
    error = refused(hub, folder, token="hf_wrong")
    assert "doesn't accept the token" in error.problem
    assert hub.count("^POST") == 0


@pytest.mark.parametrize(
    ("owners", "writable", "problem"), [({"org"}, set(), "may not write"), (set(), set(), "no such repository")]
)
def test_an_owner_that_is_not_ones_own(
    hub: Hub, folder: Path, owners: set[str], writable: set[str], problem: str
) -> None:
    hub.owners, hub.writable = owners, writable
    assert problem in refused(hub, folder).problem
    assert hub.repos == {}


def test_someone_elses_commit_in_between_is_not_overwritten(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(hub, folder)
    (folder / "config.json").write_text("{}")
    original = HfApi.preupload_lfs_files

    def slow(api: HfApi, *arguments: Any, **more: Any) -> None:
        original(api, *arguments, **more)
        monkeypatch.undo()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        (folder / "config.json").write_text('{"theirs": 1}')
        send(hub, folder)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(HfApi, "preupload_lfs_files", slow)
    assert "something else changed the repository" in refused(hub, folder).problem
    assert served(hub)["config.json"] == b'{"theirs": 1}'


def test_a_tag_of_another_version_is_refused_before_anything_is_sent(hub: Hub, folder: Path) -> None:
    send(hub, folder, Wanted(tag="v1"))
    (folder / "model.safetensors").write_bytes(b"other weights")
    error = refused(hub, folder, Wanted(tag="v1"))
    assert "already marks another version" in error.problem
    assert "model.safetensors" in error.problem
    assert commits(hub) == ["A model"]
    assert len(hub.large) == 1


def test_what_is_served_with_another_hash_is_listed_and_not_tagged(hub: Hub, folder: Path) -> None:
    hub.served_hash = {"config.json": "0" * 40, "model.safetensors": "0" * 64}
    hub.listed_hash = {"tokenizer.json": "0" * 40}
    error = refused(hub, folder, Wanted(tag="v1"))
    for name in hub.served_hash | hub.listed_hash:
        assert name in error.problem
    assert "README.md" not in error.problem
    assert hub.repos[REPO].tags == {}


def test_a_file_that_the_hub_lists_and_does_not_serve(hub: Hub, folder: Path) -> None:
    hub.faults = [Fault("HEAD .*/modules.json", 404)]
    assert "modules.json isn't served" in refused(hub, folder).problem


def test_other_files_stay_unless_they_run_code_and_prune_deletes_them_in_the_same_commit(
    hub: Hub, folder: Path
) -> None:
    send(hub, folder)
    hub.repos[REPO].commits[-1].files |= {"notes.txt": b"mine", "pytorch_model.bin": b"pickle"}
    error = refused(hub, folder)
    assert "pytorch_model.bin holds pickled objects" in error.problem
    assert "--prune" in error.remedy
    (folder / "config.json").write_text("{}")
    send(hub, folder, Wanted(prune=True))
    assert commits(hub) == ["A model", "A model"]
    assert served(hub) == expected(folder)
    assert ".gitattributes" in hub.repos[REPO].commits[-1].files

    hub.repos[REPO].commits[-1].files["notes.txt"] = b"mine"
    assert any("left as they are: notes.txt" in line for line in send(hub, folder))
    assert served(hub)["notes.txt"] == b"mine"


def test_metadata_that_the_hub_refuses_stops_before_the_upload(hub: Hub, folder: Path) -> None:
    (folder / "README.md").write_text(CARD.replace("apache-2.0", "none"))
    error = refused(hub, folder)
    assert "Invalid metadata in README.md" in error.problem
    assert "license none is unknown" in error.problem
    assert commits(hub) == []
    assert not hub.large


def test_large_files_go_by_xet_where_the_hub_and_client_have_it(
    waits: list[float], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hf_xet")
    del waits
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "xet"))
    with running_hub(tmp_path / "cas") as hub:
        for status, problem in ((401, "doesn't accept the token"), (403, "may not write")):
            hub.faults = [Fault("GET .*/xet-write-token/", status)]
            assert problem in refused(hub, folder).problem
            assert commits(hub) == []
        hub.faults = []
        send(hub, folder)
        assert served(hub) == expected(folder)
        assert hub.count("PUT /storage") == 0
        assert list((tmp_path / "cas").rglob("*.mdb"))
