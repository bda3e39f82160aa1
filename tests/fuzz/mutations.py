"""Ways to damage a file, as pure functions of its bytes and two numbers, so that failures shrink and repeat."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st

Mutation = Callable[[bytes, int, int], bytes]

TOKEN = re.compile(rb'"[^"\n]{0,200}"|[-\w.]+')
# What is put in the place of a name, a text or a number.
HOSTILE = [
    *(b"", b"null", b"true", b"[]", b"{}", b'""', b"[1]", b'{"a": 1}', b'"x"', b"x", b"-1", b"0", b"0.5"),
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"1" + b"0" * 400,
        b"0x" + b"f" * 5000,
        b".nan",
        b".inf",
        b"1:59:59",
    ),
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\\ud83d\\ude00"',
        "١٢".encode(),
        "²".encode(),
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\0",
    ),
    *(b"[" * 5000, b'{"a":' * 3000, b"[" * 90 + b"]" * 90, b"- " * 2000, b'"' + b"a" * 70_000 + b'"'),
    *(b"../../etc/passwd", b"/etc/passwd", b"C:\\x", b"%s%n", b"{0.__class__}", b"$(touch x)", b"\xe2\x80\xa8", b"\r"),
    *(
        b"&a [*a]",
        b"*a",
        b"!!int x",
        b"!!timestamp x",
        b"!!binary x",
        b"!!set [a]",
        b"2001-99-99",
        b"<<: 1",
        b"? [a]: b",
    ),
    *(
        b"!!python/object/apply:os.system [touch x]",
        b"!!python/name:os.system",
        b"!!map [a]",
        b"!!float x",
        b"!!bool x",
    ),
]
INSERTED = [*HOSTILE, b"\n", b"\t", b",", b'"', b"'", b"||", b"{", b"}", b"]", b":", b"#", b"\xef\xbb\xbf", b"\r\n\r\n"]


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True) or [b""]


def set_byte(data: bytes, a: int, b: int) -> bytes:
    at = a % max(1, len(data))
    return data[:at] + bytes([b % 256]) + data[at + 1 :]


def cut(data: bytes, a: int, b: int) -> bytes:
    return data[: a % (len(data) + 1)]


def remove(data: bytes, a: int, b: int) -> bytes:
    at = a % (len(data) + 1)
    return data[:at] + data[at + 1 + b % 16 :]


def insert(data: bytes, a: int, b: int) -> bytes:
    at = a % (len(data) + 1)
    return data[:at] + INSERTED[b % len(INSERTED)] + data[at:]


def repeat(data: bytes, a: int, b: int) -> bytes:
    at = a % (len(data) + 1)
    return data[:at] + data[at : at + 1 + b % 64] * 3 + data[at + 1 + b % 64 :]


def replace_token(data: bytes, a: int, b: int) -> bytes:
    tokens = list(TOKEN.finditer(data))
    if not tokens:
        return HOSTILE[b % len(HOSTILE)]
    start, end = tokens[a % len(tokens)].span()
    return data[:start] + HOSTILE[b % len(HOSTILE)] + data[end:]


def copy_token(data: bytes, a: int, b: int) -> bytes:
    """One token in the place of another: a key twice, an id that isn't known, a number where a name stood."""
    tokens = list(TOKEN.finditer(data))
    if not tokens:
        return data
    start, end = tokens[a % len(tokens)].span()
    return data[:start] + tokens[b % len(tokens)][0] + data[end:]


def drop_line(data: bytes, a: int, b: int) -> bytes:
    lines = _lines(data)
    del lines[a % len(lines)]
    return b"".join(lines)


def double_line(data: bytes, a: int, b: int) -> bytes:
    lines = _lines(data)
    lines.insert(b % (len(lines) + 1), lines[a % len(lines)])
    return b"".join(lines)


def long_line(data: bytes, a: int, b: int) -> bytes:
    lines = _lines(data)
    line = lines[a % len(lines)]
    lines[a % len(lines)] = line.rstrip(b"\n") * (1 + 100_000 // max(1, len(line))) + b"\n"
    return b"".join(lines)


def windows_lines(data: bytes, a: int, b: int) -> bytes:
    return (b"\xef\xbb\xbf" if b % 2 else b"") + data.replace(b"\n", b"\r\n" if a % 2 else b"\r")


MUTATIONS: list[Mutation] = [
    *(replace_token, copy_token, insert, set_byte, remove, cut, repeat),
    *(drop_line, double_line, long_line, windows_lines),
]
_STEP = st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 2**16), st.integers(0, 2**16))
STEPS = st.lists(_STEP, min_size=1, max_size=3)


def damaged(data: bytes, steps: list[tuple[Mutation, int, int]]) -> bytes:
    """Bytes after some mutations, 1 MiB of them at most."""
    for mutation, a, b in steps:
        data = mutation(data, a, b)[: 2**20]
    return data
