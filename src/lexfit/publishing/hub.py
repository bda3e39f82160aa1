"""The upload: one atomic commit, a tag, and a comparison of what the Hub then serves with what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import sha

from lexfit.errors import LexfitError
from lexfit.model_checks import unsafe
from lexfit.publishing.folder import written
from lexfit.publishing.hub_errors import explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from huggingface_hub import HfApi

HUBS_OWN = {".gitattributes"}  # written by the Hub when it makes a repository


@dataclass(frozen=True)
class Difference:
    """How a revision on the Hub differs from a folder: paths to send, and paths that the folder doesn't have."""

    to_send: list[str]
    others: list[str]


@dataclass(frozen=True)
class Wanted:
    """How a repository is to be: who sees it, a tag for the commit, whether other files are deleted."""

    private: bool = False
    tag: str | None = None
    prune: bool = False


def difference(api: HfApi, repo_id: str, revision: str | None, folder: Path) -> Difference:
    """Compare a folder with a revision by hash: SHA-256 of large files, git's of the others."""
    found = api.verify_repo_checksums(repo_id, local_dir=folder, revision=revision)
    changed = sorted([*found.extra_paths, *(wrong["path"] for wrong in found.mismatches)])
    return Difference(changed, sorted(set(found.missing_paths) - HUBS_OWN))


def head_of(api: HfApi, repo_id: str, wanted: Wanted) -> str | None:
    """Commit of the main branch, or `None` where there is no such repository.

    Raises:
        LexfitError: It exists and is seen by others than it should be.
    """
    try:
        info = api.model_info(repo_id)
    except HfHubHTTPError as error:
        if error.response.status_code == 404:
            return None
        raise
    if bool(info.private) != wanted.private:
        now, remedy = ("private", "Add --private, or make it public") if info.private else ("public", "Make it private")
        remedy += " in its settings on the Hub" + ("" if info.private else ", or leave --private out")
        raise LexfitError(repo_id, f"exists and is {now}", remedy)
    return info.sha


def check_tag(api: HfApi, repo_id: str, tag: str, folder: Path) -> bool:
    """Whether the tag exists; it must then hold these very files.

    Raises:
        LexfitError: The tag marks other files.
    """
    if tag not in {ref.name for ref in api.list_repo_refs(repo_id).tags}:
        return False
    changed = difference(api, repo_id, tag, folder).to_send
    if changed:
        raise LexfitError(
            f"--tag {tag}",
            f"already marks another version in {repo_id} ({', '.join(changed)} differ)",
            "Choose another tag; a published version stays as it is",
        )
    return True


def check_others(repo_id: str, others: list[str]) -> None:
    """Raise `LexfitError` where files of earlier uploads would stay that nobody should load."""
    found = [f"{path} {why}" for path in others if (why := unsafe(PurePosixPath(path)))]
    if found:
        raise LexfitError(
            repo_id, f"holds other files: {'; '.join(found)}", "Add --prune, which deletes them in the same commit"
        )


def check_served(api: HfApi, repo_id: str, revision: str, folder: Path) -> int:
    """Compare what the Hub serves at a revision with the folder, hash by hash, and return the number of files.

    First the listing, then for every file the answer that a download gets.

    Raises:
        LexfitError: Lists each file that is missing or differs.
    """
    wrong = dict.fromkeys(difference(api, repo_id, revision, folder).to_send, "isn't listed with its hash")
    for name, path in written(folder).items():
        try:
            url = hf_hub_url(repo_id, name, revision=revision, endpoint=api.endpoint)
            etag = api.get_hf_file_metadata(url=url).etag or ""
        except HfHubHTTPError as error:
            if error.response.status_code != 404:
                raise
            wrong[name] = "isn't served"
            continue
        if etag != _hash_of(path, large=len(etag) == 64):
            wrong[name] = f"is served with another hash ({etag})"
    if wrong:
        named = "; ".join(f"{name} {why}" for name, why in sorted(wrong.items()))
        raise LexfitError(
            f"{repo_id} at {revision}", f"the Hub doesn't serve what was sent: {named}", "Run the same command again"
        )
    return len(written(folder))


def _hash_of(path: Path, *, large: bool) -> str:
    """SHA-256 of a large file, git's hash of another: the two that the Hub names files by."""
    if large:
        with path.open("rb") as stream:
            return sha.sha_fileobj(stream).hex()
    return sha.git_hash(path.read_bytes())


def push(api: HfApi, repo_id: str, folder: Path, wanted: Wanted, *, message: str, say: Callable[[str], None]) -> str:
    """Bring a repository to hold a folder's files, in one commit, and return the commit.

    Whatever is already as it should be isn't done again: a commit whose answer was lost, a large file that arrived,
    a tag. The commit names its parent, so that someone else's change in between ends in an error.

    Args:
        api: The Hub.
        repo_id: Made if it doesn't exist.
        folder: Exactly what is to be served.
        wanted: Visibility, tag, what happens to other files.
        message: First line of the commit.
        say: Gets a line for each step.

    Raises:
        LexfitError: The Hub refuses or can't be reached, or serves something else than was sent.
    """
    with explained(repo_id, "looking at what is there"):
        head = head_of(api, repo_id, wanted)
        tagged = head is not None and wanted.tag is not None and check_tag(api, repo_id, wanted.tag, folder)
        names = list(written(folder))
        state = Difference(names, []) if head is None else difference(api, repo_id, head, folder)
        if not wanted.prune:
            check_others(repo_id, state.others)
    if head is None:
        with explained(repo_id, "creating the repository"):
            api.create_repo(repo_id, private=wanted.private, exist_ok=True)
            head = head_of(api, repo_id, wanted)
        say(f"created {repo_id} ({'private' if wanted.private else 'public'})")
    deleted = state.others if wanted.prune else []
    if state.to_send or deleted:
        with explained(repo_id, "creating the commit"):
            operations: list[CommitOperationAdd | CommitOperationDelete] = [
                *(CommitOperationAdd(name, folder / name) for name in state.to_send),
                *(CommitOperationDelete(name) for name in deleted),
            ]
            commit: str = api.create_commit(repo_id, operations, commit_message=message, parent_commit=head).oid
        say(f"commit {commit}: {len(state.to_send)} files sent, {len(deleted)} deleted")
    else:
        commit = str(head)
        say(f"{repo_id} holds these files already, in commit {commit}")
    with explained(repo_id, "comparing what is served"):
        served = check_served(api, repo_id, commit, folder)
    if wanted.tag is not None and not tagged:
        with explained(repo_id, "creating the tag"):
            api.create_tag(repo_id, tag=wanted.tag, revision=commit)
        say(f"tag {wanted.tag}")
    elif tagged:
        say(f"tag {wanted.tag} was there already")
    if wanted.tag is not None:
        with explained(repo_id, "comparing what is served"):
            check_served(api, repo_id, wanted.tag, folder)
    say(f"the Hub serves all {served} files with the hashes that were meant")
    left = sorted(set(state.others) - set(deleted))
    if left:
        say(f"left as they are: {', '.join(left)} (--prune deletes what isn't part of the model)")
    return commit
