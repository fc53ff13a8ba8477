"""Moving content: objects and ops in the order in which they were made, tables, files.

Whatever points to something is moved after it, because its digest is made of the new ref.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import ObjectRef, TableRef
from weave_lite.sync.rewrite import Rewriter, file_digests, refs_to_move
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.sync.journal import Journal
    from weave_lite.sync.report import ProjectReport
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["ContentMover"]

logger = logging.getLogger("weave_lite")
_PAGE = 200
_ROWS = 2_000


class ContentMover:
    """Moves the content of a project.

    Args:
        source: Where it is.
        target: Where it goes.
        from_project: Its project there.
        to_project: Its project here.
        journal: What was moved already.
        report: Is told what moves.
        tell: Is told what is under way.
        is_dry: Only count.
    """

    def __init__(
        self,
        source: TraceServerInterface,
        target: TraceServerInterface,
        from_project: str,
        to_project: str,
        journal: Journal,
        report: ProjectReport,
        tell: Callable[[str], object],
        *,
        is_dry: bool,
    ) -> None:
        self._source, self._target = source, target
        self._from, self._to = from_project, to_project
        self._journal, self._report, self._tell = journal, report, tell
        self._is_dry = is_dry
        # Digest in the target by what it is in the source.
        self._objects = journal.read("object")
        self._tables = journal.read("table")
        self._files = journal.read("file")
        self._rows = journal.read("row")
        self._missing: set[str] = set()
        # What is on its way: content can name itself, by a version that is no digest.
        self._under_way: set[str] = set()
        self.rewriter = Rewriter(from_project, to_project, self._moved, self._rows)

    # --- all ---

    def move_objects(self) -> None:
        """Move all versions of all objects and ops, and make the latest ones the latest."""
        latest: list[tsi.ObjSchema] = []
        offset = 0
        while True:
            page = self._source.objs_query(
                tsi.ObjQueryReq(
                    project_id=self._from,
                    sort_by=[tsi.SortBy(field="created_at", direction="asc")],
                    limit=_PAGE,
                    offset=offset,
                )
            ).objs
            for obj in sorted(page, key=lambda each: (each.created_at, each.version_index)):
                self._move_object(obj)
                if obj.is_latest:
                    latest.append(obj)
            offset += len(page)
            self._tell(f"{offset} objects and ops")
            if len(page) < _PAGE:
                break
        if not self._is_dry:
            self._settle_latest(latest)

    def _settle_latest(self, latest: list[tsi.ObjSchema]) -> None:
        """Publish once more what became the latest version there, and is not the latest here.

        Once for each: a version that was published here since stays the latest.
        """
        settled = self._journal.read("latest")
        for obj in latest:
            name = f"{obj.kind}/{obj.object_id}"
            digest = self._objects.get(_key(obj.kind, obj.object_id, obj.digest))
            if digest is None or settled.get(name) == digest:
                continue
            self._make_latest(obj, digest)
            self._journal.note("latest", {name: digest})

    def _make_latest(self, obj: tsi.ObjSchema, digest: str) -> None:
        req = tsi.ObjReadReq(
            project_id=self._to, object_id=obj.object_id, digest="latest", metadata_only=True
        )
        try:
            if self._target.obj_read(req).obj.digest != digest:
                self._create(obj)
        except NotFoundError:
            return

    def move_for(self, value: Any) -> None:
        """Move all that a JSON value points to and is not there yet."""
        for name, digest in file_digests(value):
            self._move_file(name, digest)
        for ref in refs_to_move(value, self._from):
            self._moved(ref)

    # --- objects ---

    def _moved(self, ref: ObjectRef | TableRef) -> str:
        """Give the digest that something has in the target; move it first, if need be."""
        if isinstance(ref, TableRef):
            return self._move_table(ref.digest)
        kind = "op" if type(ref).__name__ == "OpRef" else "object"
        key = _key(kind, ref.name, ref.digest)
        known = self._objects.get(key)
        if known is not None or key in self._missing:
            return known or ref.digest
        req = tsi.ObjReadReq(project_id=self._from, object_id=ref.name, digest=ref.digest)
        try:
            return self._move_object(self._source.obj_read(req).obj)
        except NotFoundError:
            # Deleted, or never there: the ref stays one that leads nowhere.
            self._missing.add(key)
            self._report.dangling += 1
            return ref.digest

    def _move_object(self, obj: tsi.ObjSchema) -> str:
        key = _key(obj.kind, obj.object_id, obj.digest)
        known = self._objects.get(key)
        if known is not None or key in self._under_way:
            return known or obj.digest
        self._under_way.add(key)
        self.move_for(obj.val)
        digest = obj.digest if self._is_dry else self._create(obj)
        self._under_way.remove(key)
        self._objects[key] = digest
        self._journal.note("object", {key: digest})
        if obj.kind == "op":
            self._report.ops += 1
        else:
            self._report.objects += 1
        return digest

    def _create(self, obj: tsi.ObjSchema) -> str:
        insert = tsi.ObjSchemaForInsert(
            project_id=self._to, object_id=obj.object_id, val=self.rewriter.value(obj.val)
        )
        return self._target.obj_create(tsi.ObjCreateReq(obj=insert)).digest

    # --- tables ---

    def _move_table(self, digest: str) -> str:
        known = self._tables.get(digest)
        if known is not None:
            return known
        rows = self._source.table_query_stream(
            tsi.TableQueryReq(project_id=self._from, digest=digest)
        )
        moved, count = digest, 0
        is_first = True
        try:
            while part := list(islice(rows, _ROWS)):
                count += len(part)
                values = []
                for row in part:
                    self.move_for(row.val)
                    values.append(self.rewriter.value(row.val))
                if self._is_dry:
                    continue
                if is_first:
                    table = tsi.TableSchemaForInsert(project_id=self._to, rows=values)
                    created = self._target.table_create(tsi.TableCreateReq(table=table))
                    moved, digests = created.digest, created.row_digests
                else:
                    moved, digests = self._append(moved, values)
                is_first = False
                self._note_rows([row.digest for row in part], digests)
        except NotFoundError:
            self._report.dangling += 1
            return digest
        if is_first and not self._is_dry:
            empty = tsi.TableSchemaForInsert(project_id=self._to, rows=[])
            moved = self._target.table_create(tsi.TableCreateReq(table=empty)).digest
        self._tables[digest] = moved
        self._journal.note("table", {digest: moved})
        self._report.tables += 1
        self._report.rows += count
        return moved

    def _append(self, base: str, values: list[Any]) -> tuple[str, list[str]]:
        updates: list[Any] = [{"append": {"row": value}} for value in values]
        req = tsi.TableUpdateReq.model_validate(
            {"project_id": self._to, "base_digest": base, "updates": updates}
        )
        res = self._target.table_update(req)
        return res.digest, res.updated_row_digests

    def _note_rows(self, before: list[str], after: list[str]) -> None:
        """Note which rows have another digest now; their refs go on from it."""
        changed = {a: b for a, b in zip(before, after, strict=False) if a != b}
        if changed:
            self._rows.update(changed)
            self._journal.note("row", changed)

    # --- files ---

    def _move_file(self, name: str, digest: str) -> None:
        if digest in self._files:
            return
        try:
            if not self._is_dry:
                read = tsi.FileContentReadReq(project_id=self._from, digest=digest)
                content = self._source.file_content_read(read).content
                create = tsi.FileCreateReq(project_id=self._to, name=name, content=content)
                self._target.file_create(create)
        except NotFoundError:
            self._report.dangling += 1
        else:
            self._report.files += 1
        self._files[digest] = ""
        self._journal.note("file", {digest: ""})


def _key(kind: str, name: str, digest: str) -> str:
    return f"{kind}/{name}:{digest}"
