"""Attributes with dotted keys: unfolded into nested maps, and looked up by key or by path."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core import jsontext

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MISSING", "Attributes", "with_lists"]

MISSING: Final = object()
# A key with more dots keeps the rest as one name: JSON cannot be nested without end.
_MAX_DEPTH: Final = 32
# How deep a JSON text may be nested.
_MAX_NESTING: Final = 200


class Attributes:
    """The attributes of a span, event or resource, with JSON texts parsed.

    Args:
        flat: Dotted key to plain value.

    Example:
        >>> found = Attributes({"gen_ai.prompt.0.role": "user", "input.value": '{"q": 1}'})
        >>> found.tree
        {'gen_ai': {'prompt': {'0': {'role': 'user'}}}, 'input': {'value': {'q': 1}}}
        >>> found.get("gen_ai.prompt")
        {'0': {'role': 'user'}}
    """

    __slots__ = ("flat", "tree")

    def __init__(self, flat: Mapping[str, Any]) -> None:
        self.flat = {key: _parsed(value) for key, value in flat.items()}
        self.tree = _unfolded(self.flat)

    def get(self, key: str) -> Any:
        """Look a key up as it stands, then as a path; ``MISSING`` when neither has a value."""
        value = self.flat.get(key)
        if value is None:
            value = _at_path(self.tree, key)
        return MISSING if value is None else value

    def first(self, keys: tuple[str, ...]) -> tuple[str, Any] | None:
        """Return the first of some keys that has a value, with the value."""
        for key in keys:
            value = self.get(key)
            if value is not MISSING:
                return key, value
        return None


def with_lists(value: Any) -> Any:
    """Copy a value with maps of the keys ``0..n-1`` as lists, at every level.

    Example:
        >>> with_lists({"0": {"role": "user"}, "1": {"role": "assistant"}})
        [{'role': 'user'}, {'role': 'assistant'}]
    """
    if isinstance(value, list):
        return [with_lists(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = {key: with_lists(item) for key, item in value.items()}
    positions = [str(position) for position in range(len(items))]
    if items and all(position in items for position in positions):
        return [items[position] for position in positions]
    return items


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in {"[", "{"}:
        return value
    try:
        parsed = jsontext.parse(value)
    except ValueError:
        return value
    # What is nested too deep to be written again stays text.
    brackets = value.count("[") + value.count("{")
    return value if brackets > _MAX_NESTING and _is_deep(parsed) else parsed


def _is_deep(value: Any) -> bool:
    """Tell whether maps and lists are nested more than 200 deep, level by level."""
    level = [value]
    for _ in range(_MAX_NESTING):
        below: list[Any] = []
        for node in level:
            children = node.values() if isinstance(node, dict) else node
            below += [child for child in children if isinstance(child, dict | list)]
        if not below:
            return False
        level = below
    return True


def _unfolded(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Nest the keys at their dots; the rest of a key below one that has a value stays one name."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        where = tree
        names = key.split(".", _MAX_DEPTH)
        for index, name in enumerate(names[:-1]):
            if ".".join(names[: index + 1]) in flat:
                # `a` has a value of its own, so `a.b` stands beside it.
                where[".".join(names[index:])] = value
                break
            where = where.setdefault(name, {})
        else:
            where[names[-1]] = value
    return tree


# The keys that are looked for are few, and nearly all of them absent.
@lru_cache(maxsize=256)
def _names(key: str) -> tuple[str, ...]:
    return tuple(key.split("."))


def _at_path(tree: Any, key: str) -> Any:
    for name in _names(key):
        if isinstance(tree, dict):
            tree = tree.get(name)
            if tree is None:
                return None
        elif isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
            tree = tree[int(name)]
        else:
            return None
    return tree
