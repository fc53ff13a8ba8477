"""Redactor: replaces personal data in texts and JSON by the name of its kind."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from weave_lite.core import jsontext
from weave_lite.core.errors import UsageError
from weave_lite.core.refs import SCHEME
from weave_lite.serialize.custom_type import CUSTOM_TYPE
from weave_lite.serialize.pii.analyser import find_analyser
from weave_lite.serialize.pii.patterns import DEFAULT_ENTITIES, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weave_lite.serialize.pii.patterns import Pattern

__all__ = ["Redactor", "redactor_for"]

# Everything that a pattern finds has one of these, and most texts have none.
_has_mark = re.compile(r"[@0-9]").search
# What says how a record is to be read, and no user wrote.
_STRUCTURE = frozenset({"_type", "_class_name", "_bases"})
_MAX_KNOWN = 8


class Redactor:
    """Replaces what it finds by ``<KIND>``.

    Args:
        patterns: What patterns find, by kind.
        analyse: Finds the other kinds.
        missing: Names of kinds that nobody looks for.

    Example:
        >>> Redactor(PATTERNS).text("Write to ada@example.org from 10.0.0.7")
        'Write to <EMAIL_ADDRESS> from <IP_ADDRESS>'
    """

    def __init__(
        self,
        patterns: dict[str, Pattern],
        analyse: Callable[[str], list[tuple[int, int, str]]] | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        self._patterns = tuple((f"<{kind}>", *pattern) for kind, pattern in patterns.items())
        self._analyse = analyse
        self.missing = tuple(missing)

    def text(self, text: str) -> str:
        """Return a text with what was found replaced."""
        if _has_mark(text) is not None:
            for mark, regex, check in self._patterns:
                text = regex.sub(lambda m, mark=mark, check=check: _put(m, mark, check), text)  # type: ignore[misc]
        if self._analyse is not None and text:
            # From the end, so that the places before stay right; of overlapping ones the widest.
            end = len(text) + 1
            for start, stop, kind in sorted(self._analyse(text), key=lambda f: (-f[1], f[0])):
                if stop <= end:
                    text, end = f"{text[:start]}<{kind}>{text[stop:]}", start
        return text

    def json(self, text: str) -> str:
        """Return compact JSON text with the texts among its values redacted; keys and refs stay."""
        if self._analyse is None and _has_mark(text) is None:
            return text
        tree = [jsontext.parse(text)]
        return jsontext.compact(tree[0]) if self._tree(tree) else text

    def _tree(self, tree: list[Any]) -> bool:
        """Redact in place, without recursion; tell whether anything changed."""
        has_changed = False
        waiting: list[Any] = [tree]
        while waiting:
            node = waiting.pop()
            if type(node) is dict and node.get("_type") == CUSTOM_TYPE:
                # Its files are named by digests; only what is written out in it is text.
                node = (
                    {"val": node["val"]}
                    if "val" in node and type(node["val"]) in {dict, list}
                    else {}
                )
            for key, item in node.items() if type(node) is dict else enumerate(node):
                if type(item) is str:
                    if key in _STRUCTURE or item.startswith(SCHEME):
                        continue
                    redacted = self.text(item)
                    if redacted != item:
                        node[key] = redacted
                        has_changed = True
                elif type(item) is dict or type(item) is list:
                    waiting.append(item)
        return has_changed


def _put(match: re.Match[str], mark: str, check: Callable[[str], bool] | None) -> str:
    whole = match[0]
    found = match.groupdict().get("found") or whole
    if check is not None and not check(found):
        return whole
    return whole[: len(whole) - len(found)] + mark


@lru_cache(maxsize=_MAX_KNOWN)
def redactor_for(fields: tuple[str, ...]) -> Redactor:
    """Make the redactor of the kinds that a user names; of the default ones when there are none.

    Patterns find what they can. The analyser, if it is installed, finds the rest.

    Raises:
        UsageError: A kind is named that only the analyser finds, and it is not installed.
    """
    names = tuple(dict.fromkeys(field.strip().upper() for field in fields)) or DEFAULT_ENTITIES
    patterns = {kind: pattern for kind, pattern in PATTERNS.items() if kind in names}
    others = [name for name in names if name not in PATTERNS]
    analyse = find_analyser(others) if others else None
    if others and analyse is None and fields:
        raise UsageError(
            f"redact_pii_fields names {', '.join(others)}, which only the analyser finds: pip install "
            "'weave-lite[pii]' and a language model (python -m spacy download en_core_web_lg), or "
            f"leave them out; without it there are {', '.join(PATTERNS)}"
        )
    return Redactor(patterns, analyse, missing=others if analyse is None else ())
