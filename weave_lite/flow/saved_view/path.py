"""ObjectPath: where a value stands inside a call, as a list of keys and positions, and its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from weave_lite.flow.saved_view.errors import ViewError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

__all__ = ["ObjectPath", "PathElement"]

PathElement: TypeAlias = str | int

_SPECIAL = re.compile(r"[\\.\[\]]")
# A position, a dot, or a run of a key in which a backslash takes the next character as it is.
_TOKEN = re.compile(r"\[(?P<index>[0-9]+)\]|(?P<dot>\.)|(?P<key>(?:[^\\.\[]|\\.)+)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class ObjectPath:
    r"""A path: texts are keys or attributes, whole numbers are positions of lists.

    Args:
        elements: The parts.

    Example:
        >>> ObjectPath.parse_str(r"output.choices[0].a\.b").elements
        ['output', 'choices', 0, 'a.b']
        >>> str(ObjectPath(["inputs", "a[0]"]))
        'inputs.a\\[0\\]'
    """

    __slots__ = ("elements",)

    def __init__(self, elements: Iterable[PathElement] | None = None) -> None:
        self.elements = list(elements or ())

    @classmethod
    def parse_str(cls, path_string: str) -> Self:
        r"""Read a path as users write it: ``inputs.messages[0].text``.

        A backslash in front of ``.``, ``[``, ``]`` or a backslash makes it a part of the key.

        Raises:
            ViewError: A part is empty, or brackets hold no position (also a ValueError).
        """
        elements: list[PathElement] = []
        at, wants_key = 0, True
        while at < len(path_string):
            token = _TOKEN.match(path_string, at)
            if token is None:
                raise _unreadable(path_string, at)
            at = token.end()
            if token["index"] is not None and not (wants_key and elements):
                elements.append(int(token["index"]))
                wants_key = False
            elif token["key"] is not None:
                elements.append(_ESCAPE.sub(r"\1", token["key"]))
                wants_key = False
            elif token["dot"] is not None and not wants_key:
                wants_key = True
            else:
                raise _unreadable(path_string, token.start())
        if wants_key and elements:
            raise _unreadable(path_string, len(path_string))
        return cls(elements)

    def to_str(self) -> str:
        """Write the path so that :meth:`parse_str` reads the same one."""
        text = ""
        for element in self.elements:
            if isinstance(element, int):
                text += f"[{element}]"
            else:
                key = _SPECIAL.sub(r"\\\g<0>", element)
                text += f".{key}" if text else key
        return text

    def to_field(self) -> str:
        """Write the path as queries do: dots only, no escapes."""
        return ".".join(map(str, self.elements))

    def __str__(self) -> str:
        return self.to_str()

    def __repr__(self) -> str:
        return f"ObjectPath({self.elements!r})"

    def __iter__(self) -> Iterator[PathElement]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectPath) and _typed(self.elements) == _typed(other.elements)

    def __hash__(self) -> int:
        return hash(_typed(self.elements))


def _typed(elements: list[PathElement]) -> tuple[Any, ...]:
    return tuple([(type(element), element) for element in elements])


def _unreadable(path: str, at: int) -> ViewError:
    return ViewError(
        f"path {path!r} cannot be read at position {at}: write keys with dots and positions as "
        r"[0], and \. \[ \] for these characters in a key"
    )
