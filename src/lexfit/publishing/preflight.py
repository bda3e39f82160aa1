"""What must hold before anything is sent to the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huggingface_hub import constants, get_token
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from lexfit.errors import LexfitError
from lexfit.io import read_text
from lexfit.publishing.consistency import check_card, check_scores, check_unchanged
from lexfit.publishing.example import check_example
from lexfit.publishing.folder import CARD, readme_of, sources, write_folder, written
from lexfit.publishing.leaks import check_leaks
from lexfit.publishing.licences import check_publishable
from lexfit.publishing.safe_files import check_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lexfit.config import Params


def check_repo_id(repo_id: str) -> None:
    """Raise `LexfitError` for an address that the Hub would not take; an owner is part of it."""
    remedy = "Give an owner and a name of letters, digits, `-`, `_` and `.`: --repo org/name"
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise LexfitError(f"--repo {repo_id}", f"isn't the name of a repository ({error})", remedy) from error
    if repo_id.count("/") != 1:
        raise LexfitError(f"--repo {repo_id}", "names no owner", remedy)


def check_online() -> str:
    """The token to publish with.

    Raises:
        LexfitError: huggingface_hub is told to stay offline, or has no token.
    """
    if constants.is_offline_mode():
        raise LexfitError(
            "HF_HUB_OFFLINE",
            "is set, so nothing can be sent",
            "Unset it for this command (`env -u HF_HUB_OFFLINE -u TRANSFORMERS_OFFLINE lexfit publish …`), "
            "or see what would be sent with --dry-run DIR",
        )
    token = get_token()
    if not token:
        raise LexfitError(
            "HF_TOKEN",
            "there is no token for the Hub",
            "Make one with write rights at https://huggingface.co/settings/tokens and set HF_TOKEN, or `hf auth login`",
        )
    return token


def prepare(params: Params, repo_id: str, folder: Path, *, link: bool, say: Callable[[str], None]) -> None:
    """Run every check that needs no network, and write what would be uploaded to an empty folder.

    Cheap checks come first; the usage example runs last, from the written folder.

    Args:
        params: All of params.yaml.
        repo_id: Address that README.md gives in its example.
        folder: An existing, empty folder.
        link: Write symbolic links instead of copies.
        say: Gets a line for each check that holds.

    Raises:
        LexfitError: A check fails; the error names the file and what to do.
    """
    check_publishable(params)
    say("licences permit it")
    files, card = sources(), read_text(CARD)
    check_files(files)
    say(f"{len(files)} files, weights as safetensors, no code")
    declared = check_card(card)
    say(f"card valid, {len(declared)} scores declared")
    check_unchanged()
    say("model, results and card are as the pipeline left them")
    check_scores(params, card, declared)
    say("every score on the card is the one in the result files")
    readme = readme_of(card, repo_id)
    write_folder(files, readme, folder, link=link)
    check_leaks(written(folder), get_token())
    say("no secret and no machine path")
    check_example(readme, repo_id, folder)
    say("usage example runs from the exported folder in a clean process")
