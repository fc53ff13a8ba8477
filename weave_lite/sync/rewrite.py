"""Refs of one project turned into refs of another, in JSON values and the source of ops. Pure.

The digest of what a ref points to may differ there, because it was made of content with refs. So
whoever moves content says what became of each digest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.refs import ROW_EDGE, CallRef, ObjectRef, TableRef, maybe_parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Moved = Callable[[ObjectRef | TableRef], str]

__all__ = ["Found", "Rewriter", "find"]

_CUSTOM = "CustomWeaveType"
_OP = "Op"
_OUR_FILE = "_weave_lite"
_LATEST = "latest"


class Rewriter:
    """Rewrites refs of a project.

    Args:
        source: The project that refs are of, ``entity/project``; others stay as they are.
        target: The project that they shall be of.
        moved: Gives the digest that an object or table has in the target.
        rows: Digest of a row in the source -> that in the target, where they differ.
        code: The same of the source files of ops.
    """

    def __init__(
        self, source: str, target: str, moved: Moved, rows: dict[str, str], code: dict[str, str]
    ) -> None:
        self._prefix = f"weave:///{source}/"
        # In the source of an op a ref stands in quotes: weave.ref('...').get()
        self._quoted = re.compile(rf"(?<=['\"]){re.escape(self._prefix)}[^'\"\s\\]+(?=['\"])")
        self._target = target
        self._moved = moved
        self._rows = rows
        self._code = code

    def value(self, value: Any) -> Any:
        """Copy a JSON value with its refs rewritten; what has none is given back as it is."""
        if isinstance(value, str):
            return self.text(value) if value.startswith(self._prefix) else value
        if isinstance(value, dict):
            copy = {key: self.value(each) for key, each in value.items()}
            if self._code and _is_op(value):
                files = value["files"].items()
                copy["files"] = {name: self._code.get(digest, digest) for name, digest in files}
                return copy
            return copy if any(copy[key] is not value[key] for key in value) else value
        if isinstance(value, list | tuple):
            items = [self.value(each) for each in value]
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        return value

    def text(self, text: str) -> str:
        """Rewrite a text that is a ref of the project; any other stays as it is."""
        if not text.startswith(self._prefix):
            return text
        ref = maybe_parse_uri(text)
        if ref is None:
            return text
        entity, _, project = self._target.partition("/")
        if isinstance(ref, CallRef):
            return CallRef(entity, project, ref.id, ref.extra).uri()
        if isinstance(ref, TableRef):
            return TableRef(entity, project, self._moved(ref)).uri()
        digest = self._moved(ref)
        if ref.digest == _LATEST:
            digest = _LATEST  # it means whatever is the latest, here too
        extra = tuple(self._steps(ref.extra))
        return type(ref)(entity, project, ref.name, digest, extra).uri()

    def source(self, content: bytes) -> bytes:
        """Rewrite the refs in the source of an op, which stand there in quotes."""
        if self._prefix.encode() not in content:
            return content
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content
        return self._quoted.sub(lambda match: self.text(match[0]), text).encode()

    def _steps(self, extra: tuple[str, ...]) -> Iterator[str]:
        """Rewrite the digests of rows in a path, which is pairs of edge and value."""
        for edge, step in zip(extra[::2], extra[1::2], strict=True):
            yield edge
            yield self._rows.get(step, step) if edge == ROW_EDGE else step


class Found(NamedTuple):
    """What a JSON value leads to.

    Attributes:
        refs: Objects, ops and tables of the project.
        files: Files that its records name: name and digest.
        code: Files that are the source of an op, likewise.
        is_plain: Whether nothing in it can need rewriting.
        characters: The length of all texts in it, which tells large values from small ones.
    """

    refs: list[ObjectRef | TableRef]
    files: list[tuple[str, str]]
    code: list[tuple[str, str]]
    is_plain: bool
    characters: int


def find(value: Any, project_id: str) -> Found:
    """Find what a JSON value leads to, refs of other projects left out."""
    prefix = f"weave:///{project_id}/"
    texts: list[str] = []
    found = Found([], [], [], is_plain=True, characters=0)
    characters = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            characters += len(item)
            if item.startswith(prefix):
                texts.append(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
            if "_type" in item or _OUR_FILE in item:
                _find_files(item, found)
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    for text in texts:
        ref = maybe_parse_uri(text)
        if isinstance(ref, ObjectRef | TableRef):
            found.refs.append(ref)
    return found._replace(is_plain=not texts and not found.code, characters=characters)


def _find_files(item: dict[str, Any], found: Found) -> None:
    files = item.get("files")
    if item.get("_type") == _CUSTOM and isinstance(files, dict):
        named = [(name, digest) for name, digest in files.items() if isinstance(digest, str)]
        (found.code if _is_op(item) else found.files).extend(named)
    elif _OUR_FILE in item and isinstance(item.get("digest"), str):
        found.files.append((str(item[_OUR_FILE]), item["digest"]))


def _is_op(item: dict[str, Any]) -> bool:
    """Tell the record of an op, whose files are its source."""
    kind = item.get("weave_type")
    return (
        item.get("_type") == _CUSTOM
        and isinstance(kind, dict)
        and kind.get("type") == _OP
        and isinstance(item.get("files"), dict)
    )
