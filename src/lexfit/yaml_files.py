"""YAML as plain data: what could run code, fill the memory or be read in two ways is an error."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml
from yaml.constructor import ConstructorError

from lexfit.errors import LexfitError
from lexfit.io import read_text

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 2**18  # characters; params.yaml has 4,000
# What PyYAML's constructors raise for a value that doesn't fit its tag or only looks like a number or a date.
MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases, keys given twice, and numbers beyond 64 bits.

    A few aliases of aliases make a value that is larger than any memory as soon as somebody looks at all of it.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise ConstructorError(None, None, "it has an alias (*name)", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if isinstance(node, yaml.MappingNode):
            counts = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            for key, count in counts.items():
                if count > 1:
                    raise ConstructorError(None, None, f"the key {key!r:.80} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _whole_number(loader: _PlainLoader, node: Any) -> int:
    value = loader.construct_yaml_int(node)
    if not -(2**63) <= value < 2**64:
        raise ConstructorError(None, None, "it has a number beyond 64 bits", node.start_mark)
    return value


_PlainLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def parse_yaml(text: str, where: str, remedy: str, largest: int = LARGEST) -> Any:
    """The value of a YAML text.

    Args:
        text: Of the file.
        where: The file, for errors.
        remedy: What to do about it.
        largest: Characters that it may have; PyYAML takes a second for 100,000.

    Raises:
        LexfitError: It isn't YAML, or more than plain data.
    """
    if len(text) > largest:
        raise LexfitError(where, f"has {len(text)} characters, more than {largest}", remedy)
    try:
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
        raise LexfitError(f"{where}{line}", f"not valid YAML ({problem})", remedy) from error
    except MISFITS as error:
        problem = f"not valid YAML (a value that can't be made: {type(error).__name__})"
        raise LexfitError(where, problem, remedy) from error


def read_yaml(path: Path, remedy: str) -> Any:
    """The value of a YAML file, as `parse_yaml` gives it."""
    return parse_yaml(read_text(path), str(path), remedy)


def refuse_aliases(text: str, where: str, remedy: str) -> None:
    """Raise `LexfitError` for YAML with aliases, before another loader reads it."""
    if "*" not in text:
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        aliases = any(isinstance(event, yaml.events.AliasEvent) for event in yaml.parse(text, Loader=loader))
    except (yaml.YAMLError, *MISFITS) as error:
        raise LexfitError(where, "not valid YAML", remedy) from error
    if aliases:
        raise LexfitError(where, "not valid YAML (it has an alias, *name)", remedy)
