"""Dataclasses from plain mappings: unknown keys, missing ones, `???` and wrong types are errors that name the key."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal, TypeVar, get_args, get_origin

from lexfit.errors import LexfitError

T = TypeVar("T")
LARGEST = 1e308


def _wrong(where: str, key: str, problem: str, remedy: str) -> LexfitError:
    return LexfitError(f"{where}: {key}", problem, remedy)


def _finite(value: float, key: str, where: str) -> float:
    if not -LARGEST <= value <= LARGEST:  # of nan neither holds
        raise _wrong(where, key, f"is {value!r:.40}", "It must be a finite number")
    return float(value)


def _check_names(value: dict[Any, Any], key: str, where: str) -> None:
    for name in value:
        if not isinstance(name, str):
            raise _wrong(where, f"{key}.{name}", "is a key that isn't text", "Put it in quotation marks")


def _convert(kind: Any, value: Any, key: str, where: str) -> Any:  # noqa: PLR0911
    """`value` as `kind`, or an error that names the key."""
    if value == "???":
        remedy = f"Set it, for example `dvc exp run -S {key}=…`"
        raise _wrong(where, key, "has no value (`???`)", remedy)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, key, where)
    origin = get_origin(kind)
    if origin is Literal:
        if value not in get_args(kind):
            raise _wrong(where, key, f"is {value!r:.200}", f"Choose one of {', '.join(map(str, get_args(kind)))}")
        return value
    if origin in {types.UnionType, typing.Union}:
        options = [option for option in get_args(kind) if option is not type(None)]
        return None if value is None else _convert(options[0], value, key, where)
    if origin is list and isinstance(value, list):
        return [_convert(get_args(kind)[0], item, f"{key}[{i}]", where) for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        _check_names(value, key, where)
        return {name: _convert(get_args(kind)[1], item, f"{key}.{name}", where) for name, item in value.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, key, where)
    if isinstance(kind, type) and isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    name = getattr(kind, "__name__", str(kind))
    raise _wrong(where, key, f"is {value!r:.200}", f"It must be a value of type {name}")


def build(cls: type[T], value: Any, key: str, where: str) -> T:
    """A dataclass from a mapping, checked key by key.

    Args:
        cls: The dataclass; its fields may be dataclasses, literals, optionals, lists, dicts and scalars.
        value: The mapping.
        key: Its own key (empty at the top), for errors.
        where: The file it came from, for errors.

    Raises:
        LexfitError: A key is unknown or missing, a value is `???` or of the wrong type.
    """
    if not isinstance(value, dict):
        raise _wrong(where, key or "(top level)", f"is {value!r:.200}", "It must be a mapping of keys to values")
    hints = typing.get_type_hints(cls)
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in hints:
            raise _wrong(where, f"{prefix}{name}", "is not a known key", f"Known here: {', '.join(sorted(hints))}")
    for name in hints:
        if name not in value:
            raise _wrong(where, f"{prefix}{name}", "is missing", "Compose params.yaml anew: `lexfit compose`")
    return cls(**{name: _convert(hints[name], value[name], f"{prefix}{name}", where) for name in hints})
