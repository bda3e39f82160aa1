"""The Chinese README is the English one: the same blocks, headings, tables and numbers, and each names the other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import CHINESE, README, Block, blocks, headings, inline_code, links, numbers, tables, texts


def contents(found: list[Block]) -> list[tuple[str, str]]:
    return [(block.language, block.text) for block in found]


def test_code_blocks_are_the_same_byte_for_byte() -> None:
    assert contents(blocks(CHINESE)) == contents(blocks(README))


def test_headings_have_the_same_levels_in_the_same_order() -> None:
    assert [level for level, _ in headings(CHINESE)] == [level for level, _ in headings(README)]


def test_headings_are_translated() -> None:
    untranslated = [text for _, text in headings(CHINESE)[1:] if not re.search(r"[\u4e00-\u9fff]", text)]
    assert untranslated == []


@pytest.mark.parametrize("number", range(len(tables(README))))
def test_a_table_has_the_same_shape_and_numbers(number: int) -> None:
    english, chinese = tables(README)[number], tables(CHINESE)[number]
    assert [len(row) for row in chinese] == [len(row) for row in english]
    for row, translated in zip(english, chinese, strict=True):
        assert numbers(" ".join(translated)) == numbers(" ".join(row))


def test_there_are_as_many_tables() -> None:
    assert len(tables(CHINESE)) == len(tables(README))


def test_all_numbers_in_running_text_are_the_same() -> None:
    def told(page: Path) -> Counter[str]:
        return Counter(number for text in texts(page) for number in numbers(text))

    assert told(CHINESE) == told(README)


def test_code_in_running_text_is_the_same() -> None:
    assert sorted(set(inline_code(CHINESE))) == sorted(set(inline_code(README)))


def test_links_are_the_same_but_for_those_to_each_other() -> None:
    own, other = set(links(README)), set(links(CHINESE))
    assert own - other == {CHINESE.name}
    assert other - own == {README.name}
