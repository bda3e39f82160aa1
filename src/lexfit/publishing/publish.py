"""`lexfit publish`: checks, then a dry run into a folder or the upload."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import HfApi
from huggingface_hub.constants import ENDPOINT

from lexfit.config import load_params
from lexfit.errors import LexfitError
from lexfit.publishing.folder import written
from lexfit.publishing.hub import Wanted, push
from lexfit.publishing.preflight import check_online, check_repo_id, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

TAG = re.compile(r"(?!.*(?:\.\.|//|\.lock$|/$|\.$))[A-Za-z0-9][\w./-]*")


def check_tag_name(tag: str) -> None:
    """Raise `LexfitError` for a name that git or the Hub would not take for a tag."""
    if not TAG.fullmatch(tag) or tag in {"main", "master"}:
        raise LexfitError(f"--tag {tag}", "can't be the name of a tag", "Choose one such as v1.0")


def dry_run(repo_id: str, target: Path, wanted: Wanted, say: Callable[[str], None]) -> None:
    """Run every check that needs no network and write what would be uploaded to a folder that is new or empty.

    Raises:
        LexfitError: A check fails, or the folder holds something; nothing is left there then.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise LexfitError(str(target), "is there and isn't an empty folder", "Name one that doesn't exist yet")
    params = load_params()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        prepare(params, repo_id, partial, link=False, say=say)
        partial.chmod(0o755)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    seen = "private" if wanted.private else "public"
    tag = f" and tag it {wanted.tag}" if wanted.tag else ""
    say(f"\nwould create {repo_id} ({seen}) if need be, send these files in one commit{tag}:")
    for name, path in written(target).items():
        say(f"  {path.stat().st_size:>14,} bytes  {name}")
    say(f"\nwritten to {target}; nothing was sent")


def publish(repo_id: str, wanted: Wanted, say: Callable[[str], None], target: Path | None = None) -> None:
    """Publish the last run's model to the Hub that HF_ENDPOINT names (default: huggingface.co).

    Args:
        repo_id: `org/name`.
        wanted: Visibility, tag, what happens to other files there.
        say: Gets each line of progress.
        target: Write what would be uploaded there, and send nothing.

    Raises:
        LexfitError: A check fails or the Hub refuses; no commit is made then.
    """
    check_repo_id(repo_id)
    if wanted.tag is not None:
        check_tag_name(wanted.tag)
    if target is not None:
        dry_run(repo_id, target, wanted, say)
        return
    token = check_online()
    params = load_params()
    with tempfile.TemporaryDirectory() as scratch:
        prepare(params, repo_id, Path(scratch), link=True, say=say)
        api = HfApi(ENDPOINT, token, library_name="lexfit")
        commit = push(api, repo_id, Path(scratch), wanted, message=f"{params.card.name}, made by lexfit", say=say)
    say(f"\n{ENDPOINT}/{repo_id}/tree/{wanted.tag or commit}")
