"""Each repair mends what it is for, leaves the rest alone, and is counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.corpus.cleaning import (
    clean_texts,
    collapse_whitespace,
    repair_encoding,
    repeated_lines,
    strip_control,
    strip_html,
    strip_repeated,
)


def test_encoding_repair_undoes_mojibake_and_keeps_good_text() -> None:
    assert repair_encoding("the â€œState†of rÃ©gime") != "the â€œState†of rÃ©gime"
    assert repair_encoding("rÃ©gime") == "régime"
    assert repair_encoding("Section 5 — “the State”") == "Section 5 — “the State”"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "\nOne\n\nTwo & three\n"),
        ("a<br/>b<script>alert(1)</script>", "a\nb"),
        ("fine of &lt; Rs. 500", "fine of < Rs. 500"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("R & D; AT&T", "R & D; AT&T"),
    ],
)
def test_html(text: str, clean: str) -> None:
    assert strip_html(text) == clean


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert strip_control("\ufeffa\u200bb\u00adc\x00d\r\ne\tf") == "abcd\ne\tf"


def test_whitespace() -> None:
    assert collapse_whitespace("  a \u00a0 b \n\n\n\n c\t\td ") == "a b\n\nc d"


def test_running_headers_and_page_numbers_go_from_documents_that_share_them() -> None:
    def page(number: int) -> str:
        body = "\n".join(f"paragraph {'abcde'[number]}{line} of the judgment" for line in "uvwxyz")
        return f"Supreme Court Reports 19{50 + number}\n{body}\nPage {number} of 9"

    texts = [page(n) for n in range(5)]
    headers = repeated_lines(texts)
    assert headers == {"supreme court reports #", "page # of #"}
    cleaned = strip_repeated(texts[0], headers)
    assert "Supreme Court Reports" not in cleaned
    assert cleaned.count("paragraph") == 6


def test_a_line_that_only_one_document_has_is_no_header() -> None:
    texts = [f"Unique title number {c}\n" + "\n".join(f"{c} line {i} text" for i in range(9)) for c in "abcde"]
    assert repeated_lines(texts) == set()


def test_each_change_is_counted_and_sampled(make_params: Callable[..., Params]) -> None:
    texts = ["plain", "two  spaces", "rÃ©gime  x", "\u200b"]
    cleaned, report = clean_texts(texts, make_params().clean)
    assert cleaned == ["plain", "two spaces", "régime x", "\u200b"]
    space, encoding, control = report["whitespace"], report["encoding"], report["control"]
    assert isinstance(space, dict)
    assert isinstance(encoding, dict)
    assert isinstance(control, dict)
    assert (space["changed"], space["characters"]) == (2, -2)
    assert encoding["changed"] == 1
    assert encoding["sample"] == [{"before": "rÃ©gime  x", "after": "régime  x"}]
    assert control["kept_nonempty"] == 1


def test_switched_off_nothing_changes(make_params: Callable[..., Params]) -> None:
    texts = ["a  b", "<p>x</p>", "rÃ©gime"]
    cleaned, report = clean_texts(texts, make_params("clean=none").clean)
    assert cleaned == texts
    assert set(report) == {"texts", "header_shapes"}
