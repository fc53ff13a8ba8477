"""Stored JSON to the values that users get: their own classes where those are imported.

Classes are rebuilt by validation; what cannot be rebuilt comes back as a record. Refs to other
objects are followed, except those of a record's fields, which are fetched when they are read.
Stored code is never run, unless that was asked for.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from weave_lite.core.errors import (
    InvalidNameError,
    InvalidRequest,
    NotFoundError,
    ObjectDeletedError,
)
from weave_lite.core.refs import ROW_EDGE, ObjectRef, OpRef, TableRef
from weave_lite.serialize.read import decode
from weave_lite.trace.classes import find_classes, saved_classes
from weave_lite.trace.guard import warn
from weave_lite.trace.values.instance import rebuilt
from weave_lite.trace.values.record import DeletedRef, SavedObject, WeaveObject
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import Row, WeaveTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace.stored_reader import StoredReader

__all__ = ["Builder", "Registrar"]

_OP_FILE = "obj.py"
_MAX_CLASSES_TRIED = 5
_ATOMS = frozenset({int, float, bool, type(None)})
_HOLDERS = frozenset({list, dict, TableRef})
_MARKS = ("_type", "_class_name", "_bases")
# Where a call's column was expanded: the ref that stood there, among the fields.
_EXPANDED_REF = "_ref"
_BUILTIN_BASES = ["BaseObject", "BaseModel"]


class Registrar(Protocol):
    """Who is told what was read."""

    def remember(self, value: Any, ref: ObjectRef) -> None:
        """Note where an instance is stored."""

    def live_op(self, ref: OpRef) -> Any:
        """Return the op of this process that is stored under a ref, or None."""

    def adopt_op(self, op: Any, ref: OpRef) -> None:
        """Note where an op is stored."""

    def class_of(self, ref: ObjectRef) -> type | None:
        """Return the class of the instance that this process stored under a ref."""


class Builder:
    """Reads refs and builds their values.

    Args:
        reader: Reads what is stored.
        registrar: Is told what was read.
        objectify: Make instances of known classes; otherwise records.
        allow_stored_code: Run the stored code of ops, so that they can be called.
    """

    def __init__(
        self,
        reader: StoredReader,
        registrar: Registrar,
        *,
        objectify: bool = True,
        allow_stored_code: bool = False,
    ) -> None:
        self.reader = reader
        self.registrar = registrar
        self.objectify = objectify
        self.allow_stored_code = allow_stored_code

    def get(self, ref: ObjectRef) -> Any:
        """Read the value of a ref.

        Raises:
            NotFoundError: There is no such object.
            ObjectDeletedError: The version was deleted.
        """
        return _Build(self).get(ref)

    def fetch(self, ref: ObjectRef) -> Any:
        """Read what a ref inside a value points to; the ref itself where nothing is there."""
        return _Build(self).fetch(ref)

    def decode(self, stored: Any, project_id: str) -> Any:
        """Build the value of JSON that stands in a call; refs stay refs."""
        return decode(stored, _Files(self.reader, project_id), _Build(self).inner_record)

    # --- rows of tables ---

    def read_rows(
        self, ref: TableRef, start: int, stop: int
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Read rows by position: of each its digest and its value."""
        pairs, are_plain = self.reader.read_rows(ref, start, stop)
        if are_plain:
            return pairs
        build = _Build(self)
        return [(digest, build.row(row, ref)) for digest, row in pairs]

    def find_row(self, ref: TableRef, row_digest: str) -> tuple[int, dict[str, Any]] | None:
        """Find a row by its digest: its position and its value."""
        found = self.reader.find_row(ref, row_digest)
        return None if found is None else (found[0], _Build(self).row(found[1], ref))

    def count_rows(self, ref: TableRef) -> int:
        """Count the rows of a table."""
        return self.reader.count_rows(ref)


class _Files:
    """The files of one project."""

    def __init__(self, reader: StoredReader, project_id: str) -> None:
        self._reader = reader
        self._project_id = project_id

    def read_file(self, digest: str) -> bytes:
        """Return the bytes of a file."""
        return self._reader.read_file(self._project_id, digest)


class _Build:
    """One pass of building: every object is read once."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._reader = builder.reader
        self._fetched: dict[ObjectRef, Any] = {}
        # What is being read: a ref to `latest` may lead back to itself.
        self._fetching: set[ObjectRef] = set()

    def get(self, ref: ObjectRef) -> Any:
        found = self._reader.read_object(ref, metadata_only=bool(ref.extra))
        make = OpRef if found.kind == "op" else ObjectRef
        ref = make(ref.entity, ref.project, ref.name, found.digest, ref.extra)
        if not ref.extra:
            return self._op(found.val, ref) if isinstance(ref, OpRef) else self._top(found.val, ref)
        value = self._top(self._reader.read_path(ref), ref)
        if isinstance(value, dict) and ref.extra[-2] == ROW_EDGE:
            origin = ObjectRef(ref.entity, ref.project, ref.name, ref.digest, ref.extra[:-2])
            return Row.stored(value, ref.extra[-1], origin)
        return value

    def fetch(self, ref: ObjectRef) -> Any:
        if ref in self._fetched:
            return self._fetched[ref]
        if ref in self._fetching:
            return ref
        self._fetching.add(ref)
        try:
            value = self.get(ref)
        except ObjectDeletedError as error:
            warn(f"{ref.uri()} was deleted; a DeletedRef stands in its place")
            value = DeletedRef(ref, error)
        except (NotFoundError, InvalidRequest, InvalidNameError):
            # Any text that looks like a ref may stand in a value.
            value = ref
        finally:
            self._fetching.discard(ref)
        self._fetched[ref] = value
        return value

    def row(self, stored: dict[str, Any], table: TableRef) -> dict[str, Any]:
        files = _Files(self._reader, table.project_id)
        value: dict[str, Any] = self._resolved(decode(stored, files, self.inner_record), None)
        return value

    def inner_record(self, record: dict[str, Any]) -> Any:
        """Build a record that stands inside another value; its fields are read already."""
        if type(record.get("_class_name")) is not str:
            return record
        return self._record(record, None)

    def _top(self, stored: Any, ref: ObjectRef) -> Any:
        files = _Files(self._reader, ref.project_id)
        if not isinstance(stored, dict) or type(stored.get("_class_name")) is not str:
            return self._resolved(decode(stored, files, self.inner_record), ref)
        if stored.get("_bases") == _BUILTIN_BASES and self._builder.objectify:
            # Their refs are texts. What is refused becomes a record like any other.
            for cls in find_classes(stored["_class_name"], _BUILTIN_BASES):
                with suppress(Exception):
                    return _builtin(cls, stored, None if ref.extra else ref)
        # Field by field: the record itself has a ref, those inside it have none.
        fields = {name: decode(item, files, self.inner_record) for name, item in stored.items()}
        return self._record(fields, ref)

    # --- records ---

    def _record(self, record: dict[str, Any], ref: ObjectRef | None) -> Any:
        name: str = record["_class_name"]
        bases = record.get("_bases")
        bases = [str(base) for base in bases] if isinstance(bases, list) else []
        fields = {key: value for key, value in record.items() if key not in _MARKS}
        if ref is None and isinstance(fields.get(_EXPANDED_REF), ObjectRef):
            ref = fields.pop(_EXPANDED_REF)
        classes = list(islice(self._classes(name, bases, ref), _MAX_CLASSES_TRIED))
        if classes:
            for key, value in fields.items():
                fields[key] = self._resolved(value, None if ref is None else ref.with_attr(key))
        else:
            for key, value in fields.items():
                fields[key] = self._with_tables(value, None if ref is None else ref.with_attr(key))
        errors = []
        for cls in classes:
            try:
                return self._instance(cls, name, bases, fields, ref)
            except Exception as error:  # the class is the user's and may have changed
                errors.append(error)
        if errors:
            warn(
                f"a stored {name} comes back as a record, since class {name} refuses it: {errors[0]}"
            )
        return self._plain_record(name, bases, fields, ref)

    def _classes(self, name: str, bases: list[str], ref: ObjectRef | None) -> Iterator[type]:
        """Find the classes that a record may be of, the best first."""
        if not self._builder.objectify:
            return
        # The class that this process stored it from: several may have its name.
        known = None if ref is None else self._builder.registrar.class_of(ref)
        if known is not None and not (ref and ref.extra):
            yield known
        yield from (cls for cls in find_classes(name, bases) if cls is not known)

    def _instance(
        self, cls: type, name: str, bases: list[str], fields: dict[str, Any], ref: ObjectRef | None
    ) -> Any:
        from_obj = getattr(cls, "from_obj", None)
        if callable(from_obj):
            instance = from_obj(self._plain_record(name, bases, fields, ref))
        else:
            instance = rebuilt(cls, fields)
        if ref is not None and not ref.extra and isinstance(instance, saved_classes()):
            self._builder.registrar.remember(instance, ref)
        return instance

    def _plain_record(
        self, name: str, bases: list[str], fields: dict[str, Any], ref: ObjectRef | None
    ) -> WeaveObject:
        is_object = name == "Object" or bases[-2:-1] == ["Object"]
        if ref is None or ref.extra or not is_object:
            return WeaveObject(name, bases, fields, ref=ref, fetch=self._builder.fetch)
        record = SavedObject(name, bases, fields, ref=ref, fetch=self._builder.fetch)
        self._builder.registrar.remember(record, ref)
        return record

    # --- refs inside values ---

    def _resolved(self, value: Any, at: ObjectRef | None) -> Any:
        """Follow the refs in a value that was just decoded, so that it is nobody else's.

        Args:
            value: A value of lists, dicts and refs.
            at: Where it stands.
        """
        if isinstance(value, ObjectRef):
            return self.fetch(value)
        if isinstance(value, TableRef):
            return WeaveTable(self._builder, value, at)
        if type(value) is list:
            for index, item in enumerate(value):
                if type(item) not in _ATOMS and type(item) is not str:
                    value[index] = self._resolved(
                        item, None if at is None else at.with_index(index)
                    )
        elif type(value) is dict:
            for key, item in value.items():
                if type(item) not in _ATOMS and type(item) is not str:
                    value[key] = self._resolved(item, None if at is None else at.with_key(key))
        return value

    def _with_tables(self, value: Any, at: ObjectRef | None) -> Any:
        """Put tables in the place of their refs, which reads nothing; other refs stay."""
        if isinstance(value, TableRef):
            return WeaveTable(self._builder, value, at)
        if type(value) is list:
            for index, item in enumerate(value):
                if type(item) in _HOLDERS:
                    value[index] = self._with_tables(
                        item, None if at is None else at.with_index(index)
                    )
        elif type(value) is dict:
            for key, item in value.items():
                if type(item) in _HOLDERS:
                    value[key] = self._with_tables(item, None if at is None else at.with_key(key))
        return value

    # --- ops ---

    def _op(self, stored: Any, ref: OpRef) -> Any:
        files = stored.get("files") if isinstance(stored, dict) else None
        digest = files.get(_OP_FILE, "") if isinstance(files, dict) else ""
        reader = self._reader

        def read_source() -> str:
            return reader.read_file(ref.project_id, digest).decode()

        live = self._builder.registrar.live_op(ref)
        if live is None and not self._builder.allow_stored_code:
            return StoredOp(ref, read_source)
        if live is None:
            from weave_lite.serialize.codecs.op_code import load_op_source  # noqa: PLC0415 - only when asked for
            from weave_lite.trace.op import as_op  # noqa: PLC0415

            live = as_op(load_op_source(read_source(), ref.name))
            self._builder.registrar.adopt_op(live, ref)
        live.get_captured_code = read_source
        return live


def _builtin(cls: type, stored: dict[str, Any], ref: ObjectRef | None) -> Any:
    from_obj = getattr(cls, "from_obj", None)
    if not callable(from_obj):
        return rebuilt(cls, stored)
    fields = {key: value for key, value in stored.items() if key not in _MARKS}
    return from_obj(WeaveObject(stored["_class_name"], _BUILTIN_BASES, fields, ref=ref))
