"""Draws the windows of the citation test set (tests/corpus/data) from the cases of FIRE AILA 2019.

    python tests/corpus/draw_citation_sentences.py AILA_2019_dataset/Object_casedocs --windows 210

writes one JSON line per window: case, start, end (offsets into the file decoded as UTF-8, newlines as stored) and the
SHA-256 of the window's text; never the text. One window per case, the cases in random order, in each the sentence
around a random cue ("section", "S.", "u/s", "Art." ... before a number), with the next sentences until it is long
enough. A sentence that is too long is cut at a space near its cue. The cue is broad on purpose and decides nothing but
where to look: what a window cites was labelled by reading.
"""

import argparse
import hashlib
import json
import random
import re
import sys
from pathlib import Path

SEED = 20261124
SHORTEST, LONGEST = 200, 420
CUE = re.compile(r"(?<![A-Za-z'\u2019])(?:sections?|secs?\.?|ss?\.?|u/ss?\.?|articles?|arts?\.?)\s*\d", re.IGNORECASE)
# A full stop ends a sentence before a space and a capital or a quote, or before a numbered paragraph on a new line.
STOP = re.compile(r"\r?\n|[.?!:][\"'\u201d\u2019)]*[ \t]+(?=[\"'\u201c\u2018(]?[A-Z])")
ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z])(?:[A-Za-z]|ss|secs?|u/ss?|arts?|cls?|nos?|rr|vs?|mr|mrs|ms|dr|smt|shri|hon|ltd|co|cr|civ|p\.w|viz"
    r"|i\.e|e\.g|rs|dt|para|paras|expl|exs?|sub-ss?|sub-cls?|regn?|pt|ch|sch|vol|pp|st|anr|ors|etc|govt)$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences, roughly; an abbreviation's full stop ends none."""
    spans, start = [], 0
    for stop in STOP.finditer(text):
        dotted = stop.group()[0] == "."
        if dotted and ABBREVIATION.search(text, max(0, stop.start() - 12), stop.start()):
            continue
        spans.append((start, stop.end()))
        start = stop.end()
    spans.append((start, len(text)))
    return spans


def window(text: str, cue: re.Match[str]) -> tuple[int, int]:
    """The sentence at `cue`, lengthened by what follows it or cut near the cue, without outer white space."""
    spans = sentences(text)
    at = next(index for index, (_, end) in enumerate(spans) if cue.start() < end)
    start, end = spans[at]
    end = max(end, cue.end())
    while end - start < SHORTEST and at + 1 < len(spans) and spans[at + 1][1] - start <= LONGEST:
        at += 1
        end = spans[at][1]
    if end - start > LONGEST:
        start = max(start, cue.start() - LONGEST // 2)
        end = min(end, start + LONGEST)
        if text[start - 1 : start].strip():
            start = text.index(" ", start)
        if text[end : end + 1].strip():
            end = text.rindex(" ", start, end)
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def draw(folder: Path, windows: int, seed: int = SEED) -> list[dict[str, str | int]]:
    """`windows` windows of as many cases."""
    chance = random.Random(seed)
    files = sorted(folder.glob("C*.txt"), key=lambda file: int(file.stem[1:]))
    chance.shuffle(files)
    drawn: list[dict[str, str | int]] = []
    for file in files:
        if len(drawn) == windows:
            break
        with file.open(encoding="utf-8", newline="") as handle:
            text = handle.read()
        cues = list(CUE.finditer(text))
        if cues:
            start, end = window(text, chance.choice(cues))
            digest = hashlib.sha256(text[start:end].encode()).hexdigest()
            drawn.append({"case": file.stem, "start": start, "end": end, "sha256": digest})
    return drawn


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=210)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    for line in draw(options.folder, options.windows, options.seed):
        sys.stdout.write(json.dumps(line) + "\n")
