"""Moving tables, large ones in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.digest import digest_rows
from weave_lite.core.errors import InvalidRequest, NotFoundError, NotSupportedError
from weave_lite.sync.pages import table_rows
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from weave_lite.sync.route import Route

__all__ = ["TableMover"]

_ROWS = 2_000
_CHARACTERS = 8_000_000


class _Part(NamedTuple):
    """Rows that are sent together.

    Attributes:
        digests: What they have in the source.
        values: Their values, as they are to be sent.
        is_same: Whether these are the values of the source.
    """

    digests: list[str]
    values: list[Any]
    is_same: bool


class TableMover:
    """Moves tables.

    Args:
        route: From where to where.
        prepared: Moves what a value leads to; gives it as it is to be sent, and how large it is.
        rows: Is told which rows have another digest in the target: the one by the other.
    """

    def __init__(
        self, route: Route, prepared: Callable[[Any], tuple[Any, int]], rows: dict[str, str]
    ) -> None:
        self._route = route
        self._prepared = prepared
        self._rows = rows
        self._tables = route.journal.read("table")

    def moved(self, digest: str) -> str:
        """Give the digest that a table has in the target; move it first, if need be."""
        known = self._tables.get(digest)
        if known is not None:
            return known
        report = self._route.report
        try:
            moved, count = self._move(digest)
        except NotFoundError:
            report.dangling += 1
            self._tables[digest] = digest
            return digest
        except InvalidRequest as error:
            self._route.refusals.add(f"table {digest}", error)
            self._tables[digest] = digest
            return digest
        self._route.refusals.taken()
        self._tables[digest] = moved
        self._route.journal.note("table", {digest: moved})
        report.tables += 1
        report.rows += count
        return moved

    def _move(self, digest: str) -> tuple[str, int]:
        """Move a table; of a large one the rows first, in tables of their own."""
        moved, row_digests = "", list[str]()
        parts = 0
        for part in self._parts(digest):
            parts += 1
            if self._route.is_dry:
                row_digests += part.digests
                continue
            created = self._create(part)
            moved = created.digest
            self._note_rows(part.digests, created.row_digests)
            row_digests += created.row_digests
            if parts > 1 or len(part.values) == _ROWS:
                self._route.tell(f"{len(row_digests):,} rows of a table")
        if self._route.is_dry:
            return digest, len(row_digests)
        if parts == 0:
            moved = self._create(_Part([], [], is_same=False)).digest
        elif parts > 1:
            moved = self._join(digest, row_digests)
        return moved, len(row_digests)

    def _parts(self, digest: str) -> Iterator[_Part]:
        before, values, characters, is_same = list[str](), list[Any](), 0, True
        for row in table_rows(self._route.source, self._route.from_project, digest):
            value, length = self._prepared(row.val)
            before.append(row.digest)
            values.append(value)
            characters += length
            is_same = is_same and value == row.val
            if len(values) >= _ROWS or characters >= _CHARACTERS:
                yield _Part(before, values, is_same)
                before, values, characters, is_same = [], [], 0, True
        if values:
            yield _Part(before, values, is_same)

    def _create(self, part: _Part) -> tsi.TableCreateRes:
        table = tsi.TableSchemaForInsert(
            project_id=self._route.to_project,
            rows=part.values,
            # Of the two rules for digests the source may have followed the other one.
            expected_digest=digest_rows(part.digests) if part.is_same else None,
        )
        create = self._route.target.table_create
        try:
            return create(tsi.TableCreateReq(table=table))
        except InvalidRequest:
            if table.expected_digest is None:
                raise
            own = table.model_copy(update={"expected_digest": None})
            return create(tsi.TableCreateReq(table=own))

    def _join(self, digest: str, row_digests: list[str]) -> str:
        """Make one table of rows that are there; a server that cannot gets it part by part."""
        create: Any = getattr(self._route.target, "table_create_from_digests", None)
        if create is not None:
            req = tsi.TableCreateFromDigestsReq(
                project_id=self._route.to_project, row_digests=row_digests
            )
            try:
                return str(create(req).digest)
            except (NotFoundError, NotSupportedError, InvalidRequest):
                pass  # an older server, or more digests than it takes at once
        moved = self._create(_Part([], [], is_same=False)).digest
        for part in self._parts(digest):
            update = tsi.TableUpdateReq.model_validate(
                {
                    "project_id": self._route.to_project,
                    "base_digest": moved,
                    "updates": [{"append": {"row": value}} for value in part.values],
                }
            )
            moved = self._route.target.table_update(update).digest
        return moved

    def _note_rows(self, before: list[str], after: list[str]) -> None:
        """Note which rows have another digest now; their refs go on from it."""
        changed = {a: b for a, b in zip(before, after, strict=False) if a != b}
        if changed:
            self._rows.update(changed)
            self._route.journal.note("row", changed)
