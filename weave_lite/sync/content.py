"""Moving content: objects and ops in the order in which they were made, and files.

Whatever points to something is moved after it, because its digest is made of the new ref.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.core.refs import ObjectRef, OpRef, TableRef
from weave_lite.sync.pages import versions
from weave_lite.sync.rewrite import Rewriter, find
from weave_lite.sync.tables import TableMover
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.sync.route import Route

__all__ = ["ContentMover"]

# Values may be large.
_PAGE = 50


class ContentMover:
    """Moves the content of a project.

    Args:
        route: From where to where.

    Attributes:
        rewriter: Rewrites refs for the target, and moves what they lead to if need be.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        # Digest in the target by what it is in the source.
        self._objects = route.journal.read("object")
        self._files = route.journal.read("file")
        self._code = route.journal.read("code")
        self._rows = route.journal.read("row")
        # Which digest was made the latest one, by the name of the object.
        self._settled = route.journal.read("latest")
        self._missing: set[str] = set()
        # What is on its way: content can name itself, by a version that is no digest. Such a ref
        # keeps its version, because the digest is not known before the content is.
        self._under_way: set[str] = set()
        self._rings = route.journal.read("ring")
        self.rewriter = Rewriter(
            route.from_project, route.to_project, self._moved, self._rows, self._code
        )
        self._tables = TableMover(route, self.prepared, self._rows)

    # --- all ---

    def move_objects(self) -> None:
        """Move all versions of all objects and ops, and make the latest ones the latest."""
        latest: list[tsi.ObjSchema] = []
        count = 0
        for page in self._pages():
            for obj in page:
                self._move_object(obj)
                if obj.is_latest:
                    latest.append(obj.model_copy(update={"val": None}))
            count += len(page)
            self._route.tell(f"{count:,} objects and ops")
        if not self._route.is_dry:
            self._settle_latest(latest)

    def _pages(self) -> Iterator[list[tsi.ObjSchema]]:
        """Read pages of versions; without their values, where all of them were moved already."""
        source, project_id = self._route.source, self._route.from_project
        offset = 0
        for known in versions(source, project_id):
            if all(_key(obj) in self._objects for obj in known):
                yield known
            else:
                whole = versions(
                    source, project_id, page=_PAGE, offset=offset, end=offset + len(known),
                    with_values=True,
                )  # fmt: skip
                yield from whole
            offset += len(known)

    def _settle_latest(self, latest: list[tsi.ObjSchema]) -> None:
        """Publish once more what became the latest version there, and is not the latest here.

        Once for each: a version that was published here since stays the latest.
        """
        wanted: dict[str, tuple[tsi.ObjSchema, str]] = {}
        for obj in latest:
            digest = self._objects.get(_key(obj))
            if digest is not None and self._settled.get(_name(obj)) != digest:
                wanted[_name(obj)] = (obj, digest)
        if not wanted:
            return
        here: dict[str, str] = {}
        for page in versions(self._route.target, self._route.to_project, latest_only=True):
            here.update({_name(obj): obj.digest for obj in page})
        for name, (obj, digest) in wanted.items():
            if name in here and here[name] != digest:
                whole = self._read(obj.object_id, obj.digest)
                self._create(whole, self.rewriter.value(whole.val))
        self._route.journal.note("latest", {name: digest for name, (_, digest) in wanted.items()})

    def prepared(self, value: Any) -> tuple[Any, int]:
        """Move all that a JSON value leads to and is not there yet.

        Returns:
            The value as it is to be sent, and about how large it is.
        """
        found = find(value, self._route.from_project)
        for name, digest in found.files:
            self._move_file(name, digest)
        for name, digest in found.code:
            self._move_code(name, digest)
        for ref in found.refs:
            self._moved(ref)
        return value if found.is_plain else self.rewriter.value(value), found.characters

    # --- objects ---

    def _moved(self, ref: ObjectRef | TableRef) -> str:
        """Give the digest that something has in the target; move it first, if need be."""
        if isinstance(ref, TableRef):
            return self._tables.moved(ref.digest)
        key = f"{'op' if isinstance(ref, OpRef) else 'object'}/{ref.name}:{ref.digest}"
        known = self._objects.get(key) or self._rings.get(key)
        if known is not None or key in self._missing:
            return known or ref.digest
        try:
            obj = self._read(ref.name, ref.digest)
            if _key(obj) in self._under_way:
                self._rings[key] = ref.digest
                self._route.journal.note("ring", {key: ref.digest})
                return ref.digest
            self._move_versions_before(obj)
            return self._move_object(obj)
        except NotFoundError:
            # Deleted, or never there: the ref stays one that leads nowhere.
            self._missing.add(key)
            self._route.report.dangling += 1
            return ref.digest

    def _read(self, name: str, digest: str) -> tsi.ObjSchema:
        req = tsi.ObjReadReq(project_id=self._route.from_project, object_id=name, digest=digest)
        return self._route.source.obj_read(req).obj

    def _move_versions_before(self, obj: tsi.ObjSchema) -> None:
        """Move the earlier versions of what is moved out of turn: versions are numbered as they come."""
        if not obj.version_index or _key(obj) in self._objects:
            return
        pages = versions(self._route.source, self._route.from_project, names=[obj.object_id])
        for page in pages:
            for each in page:
                is_before = each.kind == obj.kind and each.version_index < obj.version_index
                if is_before and _key(each) not in self._objects:
                    self._move_object(self._read(each.object_id, each.digest))

    def _move_object(self, obj: tsi.ObjSchema) -> str:
        key = _key(obj)
        known = self._objects.get(key)
        if known is not None or key in self._under_way or key in self._missing:
            return known or obj.digest
        self._under_way.add(key)
        try:
            value, _ = self.prepared(obj.val)
            self._unsettle(obj)
            digest = obj.digest if self._route.is_dry else self._create(obj, value)
        except InvalidRequest as error:
            self._route.refusals.add(key, error)
            self._missing.add(key)
            return obj.digest
        finally:
            self._under_way.remove(key)
        self._route.refusals.taken()
        self._objects[key] = digest
        self._route.journal.note("object", {key: digest})
        if obj.kind == "op":
            self._route.report.ops += 1
        else:
            self._route.report.objects += 1
        return digest

    def _unsettle(self, obj: tsi.ObjSchema) -> None:
        """Forget which version is the latest one, because another comes, and becomes it."""
        if self._settled.pop(_name(obj), None) is not None:
            self._route.journal.drop("latest", [_name(obj)])

    def _create(self, obj: tsi.ObjSchema, value: Any) -> str:
        insert = tsi.ObjSchemaForInsert(
            project_id=self._route.to_project,
            object_id=obj.object_id,
            val=value,
            wb_user_id=obj.wb_user_id,
            # Of the two rules for digests the source may have followed the other one.
            expected_digest=obj.digest if value == obj.val else None,
        )
        create = self._route.target.obj_create
        try:
            return create(tsi.ObjCreateReq(obj=insert)).digest
        except InvalidRequest:
            if insert.expected_digest is None:
                raise
            own = insert.model_copy(update={"expected_digest": None})
            return create(tsi.ObjCreateReq(obj=own)).digest

    # --- files ---

    def _move_file(self, name: str, digest: str) -> None:
        if digest in self._files:
            return
        try:
            if not self._route.is_dry:
                self._create_file(name, self._content(digest))
        except NotFoundError:
            self._route.report.dangling += 1
        except InvalidRequest as error:
            self._route.refusals.add(f"file {name} ({digest})", error)
            self._files[digest] = ""
            return
        else:
            self._route.report.files += 1
        self._note_file("file", digest, "")
        self._files[digest] = ""

    def _move_code(self, name: str, digest: str) -> None:
        """Move the source of an op, in which refs are rewritten too."""
        if digest in self._code:
            return
        # An op may name itself in its source, and then its ref stays what it is.
        self._code[digest] = digest
        try:
            source = self.rewriter.source(self._content(digest))
            if not self._route.is_dry:
                self._code[digest] = self._create_file(name, source)
        except NotFoundError:
            self._route.report.dangling += 1
        else:
            self._route.report.files += 1
        self._note_file("code", digest, self._code[digest])

    def _content(self, digest: str) -> bytes:
        req = tsi.FileContentReadReq(project_id=self._route.from_project, digest=digest)
        return self._route.source.file_content_read(req).content

    def _create_file(self, name: str, content: bytes) -> str:
        req = tsi.FileCreateReq(project_id=self._route.to_project, name=name, content=content)
        return self._route.target.file_create(req).digest

    def _note_file(self, kind: str, digest: str, moved: str) -> None:
        self._route.refusals.taken()
        self._route.journal.note(kind, {digest: moved})


def _name(obj: tsi.ObjSchema) -> str:
    return f"{obj.kind}/{obj.object_id}"


def _key(obj: tsi.ObjSchema) -> str:
    return f"{_name(obj)}:{obj.digest}"
