"""What the Hub answers when it doesn't do what it is asked, as errors with a remedy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "Run the same command again: files appear in one commit or not at all, and what arrived isn't sent twice"
TOKEN = "Make a token with write rights at https://huggingface.co/settings/tokens and set HF_TOKEN"


def _wait(error: HfHubHTTPError) -> str:
    seconds = error.response.headers.get("Retry-After")
    return f"Wait {seconds} seconds" if seconds else "Wait some minutes"


def _answer(error: HfHubHTTPError) -> tuple[str, str]:
    """What an HTTP status means for someone who publishes, and what to do."""
    status = error.response.status_code
    said = f" ({error.server_message})" if error.server_message else ""
    known = {
        401: (f"the Hub doesn't accept the token{said}", TOKEN),
        403: (f"the token may not write here{said}", f"{TOKEN}; for an organisation, its owner must let you write"),
        404: (f"there is no such repository or owner{said}", "Check --repo; an organisation must exist beforehand"),
        409: (f"something else changed the repository meanwhile{said}", AGAIN),
        412: (f"something else changed the repository meanwhile{said}", AGAIN),
        429: (f"the Hub takes no more requests for now{said}", f"{_wait(error)}. {AGAIN}"),
    }
    if status >= 500:
        return f"the Hub has a fault of its own, status {status}{said}", AGAIN
    return known.get(status, (f"the Hub refuses with status {status}{said}", f"Mend what it names. {AGAIN}"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def is_missing(error: HfHubHTTPError) -> bool:
    """Whether the Hub says that a repository doesn't exist (or is hidden from this token)."""
    return isinstance(error, RepositoryNotFoundError) or error.response.status_code == 404


@contextmanager
def explained(repo_id: str, doing: str) -> Iterator[None]:
    """Turn what huggingface_hub and hf_xet raise into a `LexfitError`.

    Args:
        repo_id: The repository, named in the error.
        doing: What was being done, such as “creating the commit”.
    """
    where = f"{repo_id} ({doing})"
    try:
        yield
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ValueError):  # the card's metadata or an answer that makes no sense, told in full
            raise LexfitError(
                where, f"failed: {' '.join(str(error).split())}", f"Mend what it names. {AGAIN}"
            ) from error
        # An upload wraps what happened: the HTTP error, if any, is among its causes.
        for cause in _chain(error):
            if isinstance(cause, HfHubHTTPError):
                raise LexfitError(where, *_answer(cause)) from error
            if isinstance(cause, httpx2.TransportError | ConnectionError | TimeoutError):
                raise LexfitError(where, f"the connection broke ({cause or type(cause).__name__})", AGAIN) from error
            if isinstance(cause, PermissionError):  # hf_xet's, where its token isn't accepted
                raise LexfitError(where, f"the storage doesn't accept the token ({cause})", TOKEN) from error
        raise LexfitError(where, f"failed: {' '.join(str(error).split()) or type(error).__name__}", AGAIN) from error
