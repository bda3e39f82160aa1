"""What the Hub answers when it doesn't do what it is asked, as errors with a remedy."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from huggingface_hub.errors import HfHubHTTPError

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "Run the same command again: files appear in one commit or not at all, and what arrived isn't sent twice"
XET_STATUS = re.compile(r"HTTP status \w+ error \((\d{3})")  # hf_xet tells a status in words alone
TOKEN = "Make a token with write rights at https://huggingface.co/settings/tokens and set HF_TOKEN"


def _answer(status: int, message: str | None, wait: str | None = None) -> tuple[str, str]:
    """What an HTTP status means for someone who publishes, and what to do.

    Args:
        status: Of the response.
        message: What the Hub said beside it.
        wait: Its `Retry-After`.
    """
    said = f" ({message})" if message else ""
    pause = f"Wait {wait} seconds" if wait else "Wait some minutes"
    known = {
        401: (f"the Hub doesn't accept the token{said}", TOKEN),
        403: (f"the token may not write here{said}", f"{TOKEN}; for an organisation, its owner must let you write"),
        404: (f"there is no such repository or owner{said}", "Check --repo; an organisation must exist beforehand"),
        409: (f"something else changed the repository meanwhile{said}", AGAIN),
        412: (f"something else changed the repository meanwhile{said}", AGAIN),
        429: (f"the Hub takes no more requests for now{said}", f"{pause}. {AGAIN}"),
    }
    if status >= 500:
        return f"the Hub has a fault of its own, status {status}{said}", AGAIN
    return known.get(status, (f"the Hub refuses with status {status}{said}", f"Mend what it names. {AGAIN}"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


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
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        told_in_full = f"failed: {' '.join(str(error).split()) or type(error).__name__}"
        if isinstance(error, ValueError):  # the card's metadata, or an answer that makes no sense
            raise LexfitError(where, told_in_full, f"Mend what it names. {AGAIN}") from error
        # An upload wraps what happened: the HTTP error, if any, is among its causes.
        for cause in _chain(error):
            if isinstance(cause, HfHubHTTPError):
                answer = cause.response
                told = _answer(answer.status_code, cause.server_message, answer.headers.get("Retry-After"))
                raise LexfitError(where, *told) from error
            if isinstance(cause, OSError) and (status := XET_STATUS.search(str(cause))):
                raise LexfitError(where, *_answer(int(status[1]), None)) from error
            if isinstance(cause, PermissionError):  # hf_xet's, where the storage doesn't accept its token
                raise LexfitError(where, *_answer(401, str(cause))) from error
            if isinstance(cause, httpx2.TransportError | ConnectionError | TimeoutError):
                raise LexfitError(where, f"the connection broke ({cause or type(cause).__name__})", AGAIN) from error
        raise LexfitError(where, told_in_full, AGAIN) from error
