"""A judgment that a query was taken from is found by its text, retold as it may be; innocent ones aren't."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lexfit.corpus import source_groups
from lexfit.corpus.archive import Archive
from lexfit.corpus.comparable import comparable
from lexfit.corpus.source_groups import find_sources, known_sources

SENTENCE = (
    "the judgment of the high court was challenged in this appeal by special leave and the learned counsel for the "
    "appellant submitted that the courts below erred in convicting the accused on the evidence on record"
)
FORMULA = SENTENCE.split()
LEXICON = [f"{a}{b}" for a in ("mar", "tol", "ven", "sik", "dor", "lum") for b in range(100)]
REPEATED = "on 13th February, 1991 P2 paid Rs. 359000 and on 17.10.2005"
FACTS = "on 13.2.1991 he paid Rs. 3,59,000 and on 17th October, 2005"


def judgments(count: int, seed: int = 0) -> dict[str, str]:
    """Long texts of formulas that all share and words of their own."""
    rng = random.Random(seed)
    found = {}
    for number in range(count):
        words = [w for _ in range(12) for w in (*FORMULA, *(rng.choice(LEXICON) for _ in range(30)))]
        found[f"C{number}"] = " ".join(words)
    return found


def story(seed: int, words: int = 120) -> list[str]:
    rng = random.Random(1000 + seed)
    return [rng.choice(LEXICON) for _ in range(words)]


def retold(words: list[str], keep: int, change: int) -> list[str]:
    """Runs of `keep` words kept, `change` replaced in between."""
    return [w if i % (keep + change) < keep else f"other{i}" for i, w in enumerate(words)]


def plant(texts: dict[str, str], host: str, words: list[str]) -> None:
    own = texts[host].split()
    texts[host] = " ".join([*own[:200], *words, *own[200:]])


@pytest.mark.parametrize(("keep", "change"), [(120, 0), (6, 1), (3, 2), (2, 2)])
def test_copies_and_retellings_are_found_wherever_they_stand(keep: int, change: int) -> None:
    texts, query = judgments(150), story(1)
    plant(texts, "C70", retold(query, keep, change))
    (found,) = find_sources(texts, {"Q1": " ".join([*FORMULA, *query]), "Q2": " ".join([*FORMULA, *story(2)])})
    assert (found.group, found.query) == ("C70", "Q1")


def test_dates_and_amounts_in_another_spelling_and_names_as_initials_are_seen_through() -> None:
    texts = judgments(150)
    told = ["Bhaulal", "Jadhav", *retold(story(3, 100), 2, 3), *FACTS.split()]
    plant(texts, "C9", told)
    query = ["P1", *story(3, 100), *REPEATED.split()]
    (found,) = find_sources(texts, {"Q": " ".join(query)})
    assert found.group == "C9"
    assert found.containment < source_groups.CONTAINMENT


def test_every_group_with_the_same_facts_is_a_source_not_the_best_alone() -> None:
    texts, query = judgments(150), story(4)
    plant(texts, "C3", query)
    plant(texts, "C4", retold(query, 8, 1))  # another appeal
    plant(texts, "C5", ["it", "was", "said", *query[10:90]])  # quotes it
    assert {m.group for m in find_sources(texts, {"Q": " ".join(query)})} == {"C3", "C4", "C5"}


def test_what_is_known_of_texts_is_what_is_found_in_them_in_any_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path))
    texts, query = judgments(150), story(4)
    plant(texts, "C3", query)
    queries = {"Q1": " ".join(query), "Q2": " ".join(story(7))}
    found = find_sources(texts, queries)
    assert known_sources(texts, queries) == found
    monkeypatch.setattr(source_groups, "find_sources", None)  # not asked again
    assert known_sources(dict(reversed(texts.items())), dict(reversed(queries.items()))) == found
    monkeypatch.undo()
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path))
    plant(texts, "C5", query)
    assert {m.group for m in known_sources(texts, queries)} == {"C3", "C5"}


def test_formulas_alone_make_no_source() -> None:
    query = " ".join([*FORMULA, *story(5), *FORMULA])
    assert find_sources(judgments(150), {"Q": query}) == []


def test_a_copy_is_found_among_few_groups_or_alone() -> None:
    query = story(6)
    for count in (1, 2, 20):
        texts = judgments(count)
        plant(texts, "C0", query)
        assert [m.group for m in find_sources(texts, {"Q": " ".join(query)})] == ["C0"]


def naive(groups: dict[str, str], queries: dict[str, str]) -> set[tuple[str, str]]:
    """Containment as its definition says, all pairs."""

    def runs_of(text: str) -> set[str]:
        words = comparable(text)
        return {" ".join(words[i : i + 4]) for i in range(len(words) - 3)}

    held = {group: runs_of(text) for group, text in groups.items()}
    found = set()
    for key, text in queries.items():
        runs = {run for run in runs_of(text) if sum(run in own for own in held.values()) <= 10}
        for group, own in held.items():
            if len(runs & own) / len(runs) >= source_groups.CONTAINMENT and len(runs & own) >= min(8, len(runs)):
                found.add((group, key))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_containment_is_that_of_all_pairs(seed: int) -> None:
    rng = random.Random(seed)
    groups = {f"g{i}": " ".join(rng.choice("abcdef") + "x" for _ in range(300)) for i in range(30)}
    queries = {f"q{i}": " ".join(rng.choice("abcdef") + "x" for _ in range(30)) for i in range(10)}
    found = {(m.group, m.query) for m in find_sources(groups, queries)}
    assert found == naive(groups, queries)
    assert found


def test_comparable_texts() -> None:
    assert comparable("On 3rd of March, 1975 Rs. 3,59,000/- under Section S of Act A1") == (
        ["on", "1975d3d3", "rs", "359000", "under", "a0"]
    )
    assert comparable("March 3, 1975; 3.3.1975; 03/03/75") == ["1975d3d3"] * 3


@pytest.fixture(scope="module")
def release(aila_release: Path) -> tuple[dict[str, str], dict[str, str]]:
    archive = Archive(aila_release)
    cases = {
        Path(name).stem: archive.read(name).decode(errors="replace")
        for name in archive.names
        if "Object_casedocs/" in name and name.endswith(".txt")
    }
    lines = archive.read(archive.find("Query_doc.txt")).decode().splitlines()
    return cases, dict(line.split("||", 1) for line in lines if "||" in line)


def test_the_release_holds_the_judgments_of_two_queries_and_two_of_the_same_disputes(
    release: tuple[dict[str, str], dict[str, str]],
) -> None:
    found = {(m.query.strip(), m.group) for m in find_sources(*release)}
    assert found == {("AILA_Q15", "C297"), ("AILA_Q21", "C113"), ("AILA_Q14", "C46"), ("AILA_Q34", "C165")}
