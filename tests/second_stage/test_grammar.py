"""Whatever tokens a model prefers, a list holds known names, each once, and as many as asked."""

from __future__ import annotations

import random

import pytest

from lexfit.second_stage.grammar import NameLists

SEPARATOR, END = 90, 91
NAMES = {"a": [1, 2], "ab": [1, 2, 3], "b": [4], "c": [1, 5], "d": [6, 7, 8]}


def test_any_choice_of_allowed_tokens_gives_a_list_of_different_names() -> None:
    for seed in range(200):
        generator = random.Random(seed)
        count = generator.randint(1, 5)
        lists = NameLists(NAMES, SEPARATOR, END, count)
        written: list[int] = []
        while END not in written:
            written.append(generator.choice(lists.allowed(written)))
        names = lists.read(written).names
        assert len(names) == len(set(names)) == count
        assert lists.allowed(written) == [END]
        assert [t for name in names for t in [*NAMES[name], SEPARATOR]][:-1] == written[:-1]


def test_every_list_can_be_written() -> None:
    lists = NameLists(NAMES, SEPARATOR, END, 3)
    wanted = [*NAMES["ab"], SEPARATOR, *NAMES["a"], SEPARATOR, *NAMES["d"], END]
    for place, token in enumerate(wanted):
        assert token in lists.allowed(wanted[:place])


def test_a_name_that_begins_another_can_end_or_go_on() -> None:
    lists = NameLists(NAMES, SEPARATOR, END, 2)
    assert sorted(lists.allowed([1, 2])) == [3, SEPARATOR]
    assert lists.allowed([1, 2, SEPARATOR, 1, 2]) == [3]
    assert sorted(lists.allowed([1, 2, 3, SEPARATOR, 1, 2])) == [END]


def test_more_names_than_there_are_arent_asked_for() -> None:
    lists = NameLists({"a": [1], "b": [2]}, SEPARATOR, END, 9)
    assert lists.allowed([1, SEPARATOR, 2]) == [END]


def test_what_cant_be_told_apart_is_refused() -> None:
    refused: list[dict[str, list[int]]] = [{"a": []}, {"a": [1, SEPARATOR]}, {"a": [END]}, {"a": [1], "b": [1]}]
    for names in refused:
        with pytest.raises(ValueError, match="token"):
            NameLists(names, SEPARATOR, END, 1)


def test_what_no_list_begins_with_is_refused() -> None:
    lists = NameLists(NAMES, SEPARATOR, END, 2)
    for written in ([9], [1, SEPARATOR], [END]):
        with pytest.raises(KeyError):
            lists.read(written)
