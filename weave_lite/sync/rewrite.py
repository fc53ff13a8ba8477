"""Refs of one project turned into refs of another, in JSON values. Pure.

The digest of what a ref points to may differ there, because it was made of content with refs. So
whoever moves content says what became of each digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import ROW_EDGE, CallRef, ObjectRef, TableRef, maybe_parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Moved = Callable[[ObjectRef | TableRef], str]

__all__ = ["Rewriter", "file_digests", "refs_to_move"]

_CUSTOM = "CustomWeaveType"
_OUR_FILE = "_weave_lite"
_LATEST = "latest"


class Rewriter:
    """Rewrites refs of a project.

    Args:
        source: The project that refs are of, ``entity/project``; others stay as they are.
        target: The project that they shall be of.
        moved: Gives the digest that an object or table has in the target.
        rows: Digest of a row in the source -> that in the target, where they differ.
    """

    def __init__(self, source: str, target: str, moved: Moved, rows: dict[str, str]) -> None:
        self._prefix = f"weave:///{source}/"
        self._target = target
        self._moved = moved
        self._rows = rows

    def value(self, value: Any) -> Any:
        """Copy a JSON value with its refs rewritten; what has none is given back as it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            copy = {key: self.value(each) for key, each in value.items()}
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

    def _steps(self, extra: tuple[str, ...]) -> Iterator[str]:
        """Rewrite the digests of rows in a path, which is pairs of edge and value."""
        for edge, step in zip(extra[::2], extra[1::2], strict=True):
            yield edge
            yield self._rows.get(step, step) if edge == ROW_EDGE else step


def refs_to_move(value: Any, project_id: str) -> Iterator[ObjectRef | TableRef]:
    """Find the objects, ops and tables of a project that a JSON value points to."""
    prefix = f"weave:///{project_id}/"
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, str) and item.startswith(prefix):
            ref = maybe_parse_uri(item)
            if isinstance(ref, ObjectRef | TableRef):
                yield ref


def file_digests(value: Any) -> Iterator[tuple[str, str]]:
    """Find the files that records in a JSON value name: of each its name and digest."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, dict):
            files = item.get("files")
            if item.get("_type") == _CUSTOM and isinstance(files, dict):
                for name, digest in files.items():
                    if isinstance(digest, str):
                        yield name, digest
            elif _OUR_FILE in item and isinstance(item.get("digest"), str):
                yield str(item[_OUR_FILE]), item["digest"]
            waiting.extend(item.values())
