"""BM25 as rank-bm25's BM25Okapi scores it, to the last bit, through a sparse matrix of term weights."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array

from lexfit.corpus.ngrams import words
from lexfit.negatives.top_k import contenders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

K1, B, EPSILON = 1.5, 0.75, 0.25
# A term in more than one text of so many is kept as a dense row: adding a row is faster than scattering its weights.
COMMON = 8
BLOCK = 256  # terms


def count_terms(texts: Iterable[str]) -> tuple[csc_array, np.ndarray, list[str]]:
    """Occurrences of each term in each text.

    Returns:
        Counts, shape (texts, terms); the number of words of each text, shape (texts,); and the terms in the order of
        their first appearance. A text without words counts as one empty word, which no query can have.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    flat, lengths = array("i"), array("q")
    for text in texts:
        tokens = words(text) or [""]
        lengths.append(len(tokens))
        flat.extend(map(numbers.__getitem__, tokens))
    ends = np.cumsum(lengths, dtype=np.int64)
    counts = csr_array(
        (np.ones(len(flat), np.int32), np.frombuffer(flat, np.intc), np.concatenate([[0], ends])),
        shape=(len(lengths), len(numbers)),
    )
    counts.sum_duplicates()
    return counts.tocsc(), np.array(lengths), list(numbers)


def inverse_frequencies(present: np.ndarray, texts: int) -> np.ndarray:
    """rank-bm25's idf, where a negative one becomes a quarter (epsilon) of the mean over all terms.

    Logarithms are Python's and the mean adds in order, since numpy's differ from those in the last bit.

    Args:
        present: The number of texts that have the term, shape (terms,).
        texts: The number of texts.
    """
    frequencies = present.tolist()
    logs = {n: math.log(texts - n + 0.5) - math.log(n + 0.5) for n in set(frequencies)}
    idf = np.array([logs[n] for n in frequencies])
    idf[idf < 0] = EPSILON * (np.add.accumulate(idf)[-1] / len(idf))
    return idf


class Okapi:
    """An index of texts by lower-cased words, with rank-bm25's scores (its defaults: k1 1.5, b 0.75, epsilon 0.25).

    What a term adds to a text's score depends on no query and is computed once, as in BM25S (Lù 2024, arXiv
    2407.03618). A score is the sum over the query's words in their order, repeats included. Those are the
    additions that rank-bm25 makes, so that scores and ties agree with it bit by bit.

    Args:
        texts: At least one; without any, ValueError.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if not texts:
            raise ValueError("BM25 needs at least one text")
        counts, lengths, terms = count_terms(texts)
        present = np.diff(counts.indptr)
        norm = K1 * (1 - B + B * lengths / (int(lengths.sum()) / len(texts)))
        weights = np.empty(len(counts.data))
        idf = inverse_frequencies(present, len(texts))
        # In blocks of terms: all at once it would take five arrays of the matrix's size.
        for first in range(0, len(terms), BLOCK):
            ends = counts.indptr[[first, min(first + BLOCK, len(terms))]]
            own = slice(*ends.tolist())
            data = counts.data[own]
            scaled = data * (K1 + 1) / (data + norm[counts.indices[own]])
            weights[own] = np.repeat(idf[first : first + BLOCK], present[first : first + BLOCK]) * scaled
        matrix = csc_array((weights, counts.indices, counts.indptr), shape=counts.shape)
        del counts, weights
        common = np.flatnonzero(present * COMMON > len(texts))
        rare = np.flatnonzero(present * COMMON <= len(texts))
        self._texts = len(texts)
        self._rows = {terms[term]: row for row, term in enumerate(common)}
        self._dense = matrix[:, common].T.toarray()  # (common terms, texts)
        self._columns = {terms[term]: column for column, term in enumerate(rare)}
        self._sparse = matrix[:, rare]  # (texts, rare terms)

    def scores(self, query: str) -> np.ndarray:
        """Scores of all texts for a query, float64, shape (texts,)."""
        total = np.zeros(self._texts)
        starts, places, weights = self._sparse.indptr, self._sparse.indices, self._sparse.data
        for word in words(query):
            if (row := self._rows.get(word)) is not None:
                total += self._dense[row]
            elif (column := self._columns.get(word)) is not None:
                postings = slice(starts[column], starts[column + 1])
                np.add.at(total, places[postings], weights[postings])
        return total

    def top_k(self, queries: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        """The `k` best texts of each query (all, if there are fewer), best first; of equal ones the earlier.

        Beside the result it needs the memory of one query's scores.

        Returns:
            Positions of texts, int32, and their scores, float64; both of shape (queries, k).
        """
        shape = (len(queries), min(k, self._texts))
        positions, best = np.empty(shape, np.int32), np.empty(shape)
        for number, query in enumerate(queries):
            scores = self.scores(query)
            found = contenders(scores, k)
            positions[number] = found[np.argsort(-scores[found], kind="stable")][:k]
            best[number] = scores[positions[number]]
        return positions, best
