"""Groups of the error analysis: by Part of the Constitution, by Act, by length; shares with intervals over queries."""

from __future__ import annotations

import pytest

from lexfit.report.groups import found_by_group, part_of_constitution, quarters, share


@pytest.mark.parametrize(
    ("article", "part"),
    [
        ("1", "Part I,"),
        ("12", "Part III,"),
        ("35", "Part III,"),
        ("35A", "Part III,"),
        ("36", "Parts IV and IVA"),
        ("51A", "Parts IV and IVA"),
        ("226", "Part VI,"),
        ("243ZT", "Parts IX to IXB"),
        ("300A", "Part XII,"),
        ("311", "Parts XIV and XIVA"),
        ("368", "Part XX,"),
        ("395", "Parts XXI and XXII"),
    ],
)
def test_an_article_stands_in_its_part(article: str, part: str) -> None:
    assert str(part_of_constitution(article)).startswith(part)


def test_the_preamble_is_in_no_part() -> None:
    assert part_of_constitution("Preamble") is None


def test_relevant_documents_are_counted_by_group_and_query() -> None:
    documents = [f"d{n:02}" for n in range(20)]
    run = {"q1": {d: -float(n) for n, d in enumerate(documents)}, "q2": {d: float(n) for n, d in enumerate(documents)}}
    relevant = {"q1": {"d00", "d15", "absent"}, "q2": {"d15"}}
    groups = {"d00": "A", "d15": "B", "absent": "B"}
    assert found_by_group({"m": run}, relevant, groups) == {"A": {"m": [(1, 1)]}, "B": {"m": [(0, 1), (1, 1)]}}


def test_a_share_is_of_all_pairs_and_its_interval_is_over_queries() -> None:
    counts = [(2, 2), (0, 4), (1, 2), (3, 4)] * 10
    mean, low, high = share(counts, 2000, 0.95, 1)
    assert mean == pytest.approx(0.5)
    assert low < 0.5 < high
    assert (low, high) == share(counts, 2000, 0.95, 1)[1:]
    assert share([(1, 1)] * 5, 100, 0.95, 1) == (1.0, 1.0, 1.0)


def test_quarters_are_of_rising_length_and_hold_every_query_once() -> None:
    lengths = {f"q{n}": (n * 7) % 11 for n in range(11)}
    groups = quarters(lengths)
    assert sorted(q for group in groups for q in group) == sorted(lengths)
    assert [len(g) for g in groups] == [3, 3, 3, 2]
    flat = [lengths[q] for group in groups for q in group]
    assert flat == sorted(flat)
    assert quarters({}) == []
