"""Groups (whole judgments) that a held-out query was taken from, found by their text alone.

A query of AILA retells a judgment: party names become P1, places L1, sections and Acts S and A1, sentences are cut or
reworded, and other judgments of the same dispute tell the same facts in other words. Two measures see that:

- `containment`: the share of the query's runs of four words that the group has, anywhere. It finds copies. Runs that
  many groups hold are formulas, and count for nothing.
- `evidence`: the share of the query's distinctive material that one stretch of the group has, 1.5 times as long as the
  query. Distinctive are runs of two and three words, dates and amounts that at most four groups hold; a date or an
  amount counts three times. It finds retellings: what they keep are dates, amounts and odd turns of phrase, close
  together, while any two judgments share formulas of procedure, all over.

Where the limits stand, by the 50 queries and 2,914 case documents of the FIRE 2019 release (every pair scored, the
first ones read):

| query | case | containment | evidence | |
|---|---|---|---|---|
| Q21 | C113 | .96 | .94 | the judgment itself, names left out |
| Q15 | C297 | .93 | .93 | the judgment itself, a few sentences cut |
| Q14 | C46 | .06 | .14 | a co-accused's appeal from the same judgment: the same killing, to the minute |
| Q34 | C165 | .09 | .11 | an earlier order in the same dispute, which the query dates and quotes |
| Q47 | C2340 | .07 | .06 | another murder, in the formulas of the same High Court |
| Q3 | C294 | .04 | .05 | another food inspector's case |
| Q18 | C188 | .09 | .05 | other partners, the same question of law |

All other pairs are below .05 in evidence and .07 in containment. So a group is a source from `EVIDENCE` or
`CONTAINMENT` on, whichever it meets; every group that does is one, not just the best, so that further appeals and
judgments that quote a source go too. Of the other 46 queries, planted into cases with runs of two words kept and three
replaced in between, all are found, and no other case.
Rarity can't be told from a few texts: below `ENOUGH_GROUPS` of them containment alone decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from difflib import SequenceMatcher
from hashlib import sha256
from typing import NamedTuple

from lexfit.cache import remembered
from lexfit.corpus.comparable import comparable, is_fact, is_placeholder

CONTAINMENT, EVIDENCE = 0.2, 0.08
RUN, RARE_RUNS, RARE, FACT_WEIGHT, STRETCH = 4, (2, 3), 4, 3.0, 1.5
# A run that more than a hundredth of the groups hold is a formula, if those are more than 10; in any case above 30.
FORMULA_SHARE, FORMULA_LEAST, FORMULA_MOST = 0.01, 10, 30
# Of a short query a share is soon reached by chance: so many runs, or so much evidence, must be there besides.
ENOUGH_GROUPS, ENOUGH_RUNS, ENOUGH_EVIDENCE = 100, 8, 8.0


class SourceMatch(NamedTuple):
    """A group that a query was taken from, how much says so, and the longest run of words that both have."""

    group: str
    query: str
    containment: float
    evidence: float
    shared: str


def _query_grams(words: list[str]) -> set[str]:
    """Runs of two to four words without placeholders (P1, L2, A3), and the dates and amounts."""
    found = {word for word in words if is_fact(word)}
    for size in (*RARE_RUNS, RUN):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if not any(is_placeholder(word) for word in run):
                found.add(" ".join(run))
    return found


def _size(gram: str) -> int:
    return gram.count(" ") + 1


def _weight(gram: str) -> float:
    """What a rare n-gram adds to the evidence; runs of four are for containment alone."""
    return {1: FACT_WEIGHT, RUN: 0.0}.get(_size(gram), 1.0)


def _densest(places: list[tuple[int, str]], length: float) -> float:
    """The most weight of distinct n-grams that starts within `length` words; `places` are in the order of the text."""
    best = total = 0.0
    inside: Counter[str] = Counter()
    first = 0
    for position, gram in places:
        total += 0.0 if inside[gram] else _weight(gram)
        inside[gram] += 1
        while places[first][0] < position - length:
            left = places[first][1]
            inside[left] -= 1
            total -= 0.0 if inside[left] else _weight(left)
            first += 1
        best = max(best, total)
    return best


def _shared_run(first: list[str], second: list[str]) -> str:
    match = SequenceMatcher(None, first, second, autojunk=False).find_longest_match()
    return " ".join(first[match.a : match.a + match.size])


class _Postings:
    """Where the queries' n-grams are in the groups.

    n-grams that more than `RARE` groups hold lose their places; runs of four that more than `most` hold are formulas.
    """

    def __init__(self, index: dict[str, list[str]], most: float) -> None:
        self.index, self.most = index, most
        self.groups_of_run: dict[str, set[str]] = defaultdict(set)
        self.rare: dict[str, dict[str, list[int]]] = defaultdict(dict)
        self.common: set[str] = set()

    def add(self, group: str, words: list[str]) -> None:
        """Probe each word and each run that begins with one: a run is looked up only if its beginning was found."""
        index = self.index
        for position, word in enumerate(words):
            if word in index:
                self._keep(word, group, position)
            for end in range(position + 2, min(position + RUN, len(words)) + 1):
                gram = " ".join(words[position:end])
                if gram not in index:
                    break
                if end - position == RUN:
                    if len(self.groups_of_run[gram]) <= self.most:
                        self.groups_of_run[gram].add(group)
                else:
                    self._keep(gram, group, position)

    def _keep(self, gram: str, group: str, position: int) -> None:
        if gram in self.common:
            return
        self.rare[gram].setdefault(group, []).append(position)
        if len(self.rare[gram]) > RARE:
            self.common.add(gram)
            del self.rare[gram]


def known_sources(groups: dict[str, str], queries: dict[str, str]) -> list[SourceMatch]:
    """What `find_sources` finds, from lexfit's cache where these very texts were compared before, in whatever order."""
    groups, queries = dict(sorted(groups.items())), dict(sorted(queries.items()))
    key = [[[name, sha256(text.encode()).hexdigest()] for name, text in texts.items()] for texts in (groups, queries)]
    found = remembered("source_groups", key, lambda: find_sources(groups, queries))
    return [SourceMatch(*match) for match in found]


def find_sources(groups: dict[str, str], queries: dict[str, str]) -> list[SourceMatch]:
    """Pairs of a group and a query that was taken from it, the surest first.

    Linear in the length of the groups: each word is looked up in an inverted index of the queries' n-grams.

    Args:
        groups: Whole texts by group.
        queries: Held-out queries' texts by id.
    """
    words = {key: comparable(text) for key, text in queries.items()}
    index: dict[str, list[str]] = defaultdict(list)
    for key, own in words.items():
        for gram in _query_grams(own):
            index[gram].append(key)
    postings = _Postings(index, min(FORMULA_MOST, max(FORMULA_LEAST, FORMULA_SHARE * len(groups))))
    for group, text in groups.items():
        postings.add(group, comparable(text))
    runs, contained = _containment(postings)
    evidence = _evidence(postings, words) if len(groups) >= ENOUGH_GROUPS else {}
    found = []
    for group, key in sorted(contained.keys() | evidence.keys()):
        count, rare = contained[group, key], evidence.get((group, key), 0.0)
        share = count / max(1, runs[key])
        if (share >= CONTAINMENT and count >= min(ENOUGH_RUNS, runs[key])) or rare >= EVIDENCE:
            shared = _shared_run(words[key], comparable(groups[group]))
            found.append(SourceMatch(group, key, round(share, 4), round(rare, 4), shared))
    return sorted(found, key=lambda m: (-max(m.containment / CONTAINMENT, m.evidence / EVIDENCE), m.group, m.query))


def _containment(postings: _Postings) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Number of each query's runs of four that aren't formulas, and of those that each group holds."""
    runs: Counter[str] = Counter()
    contained: Counter[tuple[str, str]] = Counter()
    for gram, keys in postings.index.items():
        holders = postings.groups_of_run.get(gram, ())
        if _size(gram) == RUN and len(holders) <= postings.most:
            runs.update(keys)
            contained.update((group, key) for group in holders for key in keys)
    return runs, contained


def _evidence(postings: _Postings, words: dict[str, list[str]]) -> dict[tuple[str, str], float]:
    """The share of each query's distinctive material that each group has in one stretch."""
    total: Counter[str] = Counter()
    places: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for gram, keys in postings.index.items():
        weight = 0.0 if gram in postings.common else _weight(gram)
        for key in keys if weight else ():
            total[key] += weight  # type: ignore[assignment]  # typeshed has whole numbers alone
            for group, positions in postings.rare.get(gram, {}).items():
                places[group, key] += [(position, gram) for position in positions]
    found = {}
    for (group, key), own in places.items():
        best = _densest(sorted(own), STRETCH * len(words[key]))
        if best >= ENOUGH_EVIDENCE:
            found[group, key] = best / total[key]
    return found
