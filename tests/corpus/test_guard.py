"""The guard finds planted evaluation queries from hashes alone, and names both sides."""

from __future__ import annotations

import pytest

from lexfit.corpus.guard import check_training, connected, fingerprints, overlaps, plain_prints
from lexfit.errors import LexfitError

QUERY = (
    "The appellant was convicted under the penal code for the murder of his neighbour in the summer "
    "of that year and appealed"
)


def guard(text: str = QUERY) -> dict[str, object]:
    return {**fingerprints({"AILA_Q7": text}, 10), "share": 0.1, "protocol": "zero_shot"}


def row(query_id: str, text: str, source: str = "constitution") -> dict[str, str]:
    return {"id": query_id, "source": source, "text": text, "clean_text": text}


def test_fingerprints_hold_no_text() -> None:
    assert "appellant" not in str(guard())


@pytest.mark.parametrize(
    "planted",
    [QUERY, QUERY.upper() + "!!", "Before us: " + QUERY, QUERY[:80], "x y z " * 40 + QUERY],
    ids=["exact", "case and stops", "with a preface", "a part", "inside a longer text"],
)
def test_a_planted_query_is_named_with_the_shared_words(planted: str) -> None:
    with pytest.raises(LexfitError, match=r"'constitution/p1' shares .*'AILA_Q7' .*appellant was convicted"):
        check_training([row("constitution/p1", planted)], guard(), "stage pairs")


def test_an_evaluation_id_among_the_training_queries_is_refused_whatever_its_text() -> None:
    with pytest.raises(LexfitError, match="'AILA_Q7' is among the training queries"):
        check_training([row("AILA_Q7", "other words entirely", "task")], guard(), "stage model")


def test_legal_boilerplate_is_no_leak() -> None:
    other = (
        "He was sentenced to undergo imprisonment. " + "Different facts were found by the court in this matter. " * 3
    )
    check_training([row("constitution/p1", other)], guard(), "stage pairs")


def test_share_is_that_of_the_shorter_text() -> None:
    long = QUERY + " " + " ".join(f"w{i}" for i in range(200))
    (found,) = overlaps({"a": long}, fingerprints({"b": QUERY}, 5), 0.5)
    assert found.share == 1.0


def test_hashed_and_plain_prints_find_the_same() -> None:
    words = QUERY.split()
    texts = {f"t{i}": " ".join([*words[i : i + 30], *(f"w{i}{j}" for j in range(20))]) for i in range(0, 40, 7)}
    protected = {"AILA_Q7": QUERY, "AILA_Q8": " ".join(words[10:60])}
    found = overlaps(texts, fingerprints(protected, 5), 0.1)
    assert found
    assert found == overlaps(texts, plain_prints(protected, 5), 0.1)


def test_connected_groups() -> None:
    assert connected("abcde", [("a", "c"), ("c", "e")]) == [["a", "c", "e"], ["b"], ["d"]]
