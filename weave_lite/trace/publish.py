"""Publisher: stores objects, ops, tables and files, and gives their refs at once.

Digests are pure functions of content, so a ref is complete before anything is written; the record
goes to the queue of the recorder. The user's values are never changed, except ``ref`` on our own
classes. Knows no server.
"""

from __future__ import annotations

import threading
import weakref
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from weave_lite.core import jsontext
from weave_lite.core.digest import digest_bytes, digest_canonical, digest_rows
from weave_lite.core.errors import InvalidNameError
from weave_lite.core.names import clean_object_id
from weave_lite.core.object_kinds import classes_of, kind_of
from weave_lite.core.refs import ObjectRef, OpRef, TableRef
from weave_lite.serialize.codecs.op_code import op_source
from weave_lite.serialize.introspect import PerClass, class_name, derives_from
from weave_lite.serialize.registry import is_op, register_origin, register_refable
from weave_lite.serialize.walk import encode
from weave_lite.trace import saved_instance, settings
from weave_lite.trace.classes import register_saved, saved_classes
from weave_lite.trace.known_instances import KnownInstances
from weave_lite.trace.op_object import BoundOp
from weave_lite.trace.personal_data import without_personal_data
from weave_lite.trace.recent import Recent
from weave_lite.trace.table import Table
from weave_lite.trace.table_rows import encoded_rows
from weave_lite.trace.values.record import SavedObject
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import Row, WeaveTable
from weave_lite.trace_server.interface.encoded import EncodedFile, EncodedObject, EncodedTable

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink
    from weave_lite.trace.recorder import Recorder

__all__ = ["Publisher", "StoredContent"]

_KNOWN_VERSIONS = 10_000
_KNOWN_FILES = 1_000
_KNOWN_TEXTS = 1_000
_KNOWN_RECORDS = 200
# Texts up to this long are remembered with their digest, and records with them.
_MAX_KNOWN_TEXT = 8_192
_OP_FILE = "obj.py"
_OP_TYPE = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}


class StoredContent(Protocol):
    """What a publisher asks about the store that it writes to."""

    def has_version(self, ref: ObjectRef) -> bool:
        """Tell whether an object version is there."""

    def owns(self, table: WeaveTable) -> bool:
        """Tell whether a table was read from this store."""


class _Content(NamedTuple):
    """What follows from the stored text of an object alone."""

    digest: str
    kind: str
    base_object_class: str | None
    leaf_object_class: str | None


class _EntangledError(Exception):
    """Storing an object needs an op whose capture needs the object."""


class _InProgress(threading.local):
    """What a thread is about to save, by id: an object may contain itself."""

    def __init__(self) -> None:
        self.saving: set[int] = set()
        self.entangled_count = 0


class Publisher:
    """Stores the values of one client, and is the sink of its ops.

    Args:
        entity: First part of the project id.
        project: Second part of it.
        recorder: Takes the records.
        stored: Answers what is stored already.
    """

    def __init__(
        self, entity: str, project: str, recorder: Recorder, stored: StoredContent
    ) -> None:
        self.entity = entity
        self.project = project
        self.project_id = f"{entity}/{project}"
        self._recorder = recorder
        self._stored = stored
        # An op keeps its ref together with this, so that another client does not take it.
        self._token = object()
        self._instances = KnownInstances(self._uri_if_saved_apart)
        # Versions that are stored; of an instance of the user, with its class.
        self._versions: Recent[tuple[str, str], weakref.ref[type] | None] = Recent(_KNOWN_VERSIONS)
        self._digests: Recent[str, bool] = Recent(_KNOWN_FILES)
        self._contents: Recent[str, _Content] = Recent(_KNOWN_TEXTS)
        self._records: Recent[tuple[str, str], EncodedObject] = Recent(_KNOWN_RECORDS)
        self._local = _InProgress()
        self._ops: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()

    # --- the door of users ---

    def publish(self, obj: Any, name: str | None = None) -> ObjectRef:
        """Store a value as the latest version of a name.

        Args:
            obj: Any value.
            name: The name; if None, the value's own ``name``, else the name of its class.

        Returns:
            Its ref; an ``OpRef`` for an op.

        Raises:
            InvalidNameError: The name is no text, or nothing is left of it when it is cleaned.
        """
        if name is not None and not isinstance(name, str):
            raise InvalidNameError(f"name must be a text, not {type(name).__name__}")
        # By type and not by isinstance, which may run code of the value.
        cls = type(obj)
        if (cls is MethodType or cls is BoundOp) and is_op(obj.__func__):
            obj = obj.__func__
        if is_op(obj) or cls is StoredOp:
            return self._save_op(obj, name, is_publish=True)
        if _is_object_class.get(cls):
            return self._publish_again(obj, name) or self._save_instance(obj, name, is_publish=True)
        object_id = clean_object_id(name or saved_instance.own_name(obj) or class_name(cls))
        if derives_from(cls, Table) or derives_from(cls, WeaveTable):
            text = jsontext.compact(self.table_ref(obj).uri())
        else:
            plain = dict(obj) if cls is Row else obj
            text = encode(plain, self, redact=False).text
        return self._put_object(object_id, text, is_publish=True)

    # --- the sink ---

    def save_object(self, value: Any) -> str:
        """Save a value that is stored on its own, if it is not stored yet; return its URI."""
        known = self._instances.find_unchanged(value)
        if known is not None:
            if value.ref is not known.ref:
                saved_instance.set_ref(value, known.ref)
            return known.uri
        if is_op(value) or type(value) is StoredOp:
            return self.op_ref(value).uri()
        if isinstance(value, Table | WeaveTable):
            return self.table_ref(value).uri()
        if id(value) in self._local.saving:
            return f"<cycle: {class_name(type(value))}>"
        return self._save_instance(value, None, is_publish=False).uri()

    def save_file(self, name: str, content: bytes) -> str:
        """Save a file, if this client has not saved it lately; return its digest."""
        digest = digest_bytes(content)
        if digest not in self._digests:
            self._recorder.put(EncodedFile(self.project_id, digest, name, content), len(content))
            self._digests.put(digest, True)
        return digest

    def op_ref(self, op: Any) -> OpRef:
        """Return the ref of an op; its code is captured and stored the first time."""
        if type(op) is StoredOp:
            is_here = op.ref.project_id == self.project_id
            return op.ref if is_here else self._save_op(op, None, is_publish=False)
        saved = op.__dict__.get("_weave_saved")
        if saved is not None and saved[0] is self._token:
            return saved[1]  # type: ignore[no-any-return]
        return self._save_op(op, None, is_publish=False)

    # --- what reading and deleting tell ---

    def remember(self, value: Any, ref: ObjectRef) -> None:
        """Note that an instance was read from this store, so that using it does not store it again."""
        if ref.project_id != self.project_id:
            # Using it here stores it here.
            saved_instance.set_ref(value, ref)
            return
        # A record is what is stored. An instance was rebuilt of it, and its class may have changed
        # since, so its first use compares all of it.
        is_record = isinstance(value, SavedObject)
        version = (ref.name, ref.digest)
        if not is_record or version not in self._versions:
            self._versions.put(version, None if is_record else weakref.ref(type(value)))
        self._instances.note(value, ref, self._instances.fingerprint(value) if is_record else None)

    def class_of(self, ref: ObjectRef) -> type | None:
        """Return the class of the instance that was stored under a ref; None if it is not known."""
        if ref.project_id != self.project_id:
            return None
        cls = self._versions.get((ref.name, ref.digest))
        return None if cls is None else cls()

    def forget(self, object_id: str) -> None:
        """Note that versions of a name were deleted: using them stores them again."""
        for version in list(self._versions):
            if version[0] == object_id:
                self._versions.pop(version, None)
        self._instances.forget(object_id)
        for uri, op in list(self._ops.items()):
            if op.ref is not None and op.ref.name == object_id:
                op.ref = op.__dict__["_weave_saved"] = None
                self._ops.pop(uri, None)

    def adopt_op(self, op: Any, ref: OpRef) -> None:
        """Note that an op of this process is the one that is stored under a ref."""
        op.ref = ref
        if ref.project_id != self.project_id:
            return  # using it here stores it here
        op.__dict__["_weave_saved"] = (self._token, ref)
        self._ops[ref.uri()] = op.__dict__["_weave_op_object"]

    def has_row(self, row: Row) -> bool:
        """Tell whether a row was read from this store, as far as is known."""
        return row.table is None or self._stored.owns(row.table)

    def live_op(self, ref: OpRef) -> Any:
        """Return the op of this process that is stored under a ref; None if there is none."""
        return self._ops.get(ref.uri())

    # --- objects ---

    def _publish_again(self, value: Any, name: str | None) -> ObjectRef | None:
        """Send the record of an unchanged instance once more; None where that cannot be done."""
        known = self._instances.find_unchanged(value)
        if known is None or not isinstance(known.ref, ObjectRef):
            return None
        object_id = clean_object_id(name or self._name_of(value))
        record = self._records.get((object_id, known.ref.digest))
        if record is None or object_id != known.ref.name:
            return None
        self._recorder.put(record, len(record.val_json))
        saved_instance.set_ref(value, known.ref)
        return known.ref

    def _save_instance(self, value: Any, name: str | None, *, is_publish: bool) -> ObjectRef:
        local = self._local
        entangled = local.entangled_count
        local.saving.add(id(value))
        try:
            fingerprint = self._instances.fingerprint(value)
            text = encode(saved_instance.record(value, self), self, redact=False).text
        finally:
            local.saving.discard(id(value))
        if local.entangled_count != entangled:
            raise _EntangledError
        object_id = clean_object_id(name or self._name_of(value))
        ref = self._put_object(object_id, text, is_publish=is_publish, of=value)
        self._instances.note(value, ref, fingerprint)
        return ref

    def _name_of(self, value: Any) -> str:
        """Name an instance that is given no name: it stays where it was stored before."""
        own_name = saved_instance.own_name(value)
        known = self._instances.find(value)
        if known is not None and isinstance(known.ref, ObjectRef) and known.own_name == own_name:
            return known.ref.name
        if own_name:
            return own_name
        ref = value.ref
        if isinstance(ref, ObjectRef) and ref.project_id == self.project_id and not ref.extra:
            return ref.name
        return saved_instance.class_name_of(value)

    def _put_object(
        self, object_id: str, text: str, *, is_publish: bool, of: Any = None
    ) -> ObjectRef:
        content = self._content_of_text(text)
        make = OpRef if content.kind == "op" else ObjectRef
        ref = make(self.entity, self.project, object_id, content.digest)
        version = (object_id, content.digest)
        cls = None if of is None or isinstance(of, SavedObject) else weakref.ref(type(of))
        if not is_publish:
            if version in self._versions:
                return ref
            # A copy, or an instance of another process: storing it again would make an old
            # version the latest.
            if of is not None and of.ref == ref and self._stored.has_version(ref):
                self._versions.put(version, cls)
                return ref
        record = EncodedObject(
            self.project_id, content.kind, object_id, content.digest, text, *content[2:]
        )
        self._recorder.put(record, len(text))
        self._versions.put(version, cls)
        if len(text) <= _MAX_KNOWN_TEXT:
            self._records.put(version, record)
        return ref

    def _content_of_text(self, text: str) -> _Content:
        content = self._contents.get(text)
        if content is None:
            value = jsontext.parse(text)
            digest = digest_canonical(jsontext.canonical(value))
            content = _Content(digest, kind_of(value), *classes_of(value))
            if len(text) <= _MAX_KNOWN_TEXT:
                self._contents.put(text, content)
        return content

    # --- tables ---

    def table_ref(self, table: Table | WeaveTable) -> TableRef:
        """Return the ref of a table, which is stored first if it is not stored as it is now."""
        if isinstance(table, WeaveTable):
            stored = table.table_ref
            is_here = stored is not None and stored.project_id == self.project_id
            if stored is not None and is_here and self._stored.owns(table):
                return stored
        known = self._instances.find_unchanged(table)
        if known is not None and isinstance(known.ref, TableRef):
            return known.ref
        fingerprint = self._instances.fingerprint(table)
        digests, texts = encoded_rows(table, self)
        ref = TableRef(self.entity, self.project, digest_rows(digests))
        if ref.digest not in self._digests:
            size = sum(map(len, texts)) + sum(map(len, digests))
            self._recorder.put(EncodedTable(self.project_id, ref.digest, digests, texts), size)
            self._digests.put(ref.digest, True)
        self._instances.note(table, ref, fingerprint)
        return ref

    # --- ops ---

    def _save_op(self, op: Any, name: str | None, *, is_publish: bool) -> OpRef:
        object_id = clean_object_id(name or op.name)
        file_digest = self.save_file(_OP_FILE, without_personal_data(self._source_of(op)).encode())
        text = jsontext.compact({**_OP_TYPE, "files": {_OP_FILE: file_digest}})
        ref = self._put_object(object_id, text, is_publish=is_publish)
        assert isinstance(ref, OpRef)
        if name is None and type(op) is not StoredOp:
            self.adopt_op(op, ref)
        return ref

    def _source_of(self, op: Any) -> str:
        if type(op) is StoredOp:
            return op.get_captured_code()
        local = self._local
        if id(op) in local.saving:
            local.entangled_count += 1
            raise _EntangledError
        local.saving.add(id(op))
        try:
            capture = settings.current().capture_code and op._code_capture_enabled  # noqa: SLF001 - the documented switch
            return op_source(
                op.resolve_fn, name=op.name, capture=capture, reference=self._uri_of_global
            )
        finally:
            local.saving.discard(id(op))

    def _uri_of_global(self, value: Any) -> str | None:
        """Give the URI of a global that an op uses; None for one that is not stored on its own."""
        local = self._local
        entangled = local.entangled_count
        if id(value) in local.saving:
            return None
        try:
            return self._uri_if_saved_apart(value)
        except _EntangledError:
            return None
        finally:
            local.entangled_count = entangled

    def _uri_if_saved_apart(self, value: Any) -> str | None:
        if is_op(value) or _is_saved_apart.get(type(value)):
            return self.save_object(value)
        return None


_is_object_class = PerClass(lambda cls: any(derives_from(cls, known) for known in saved_classes()))
_is_saved_apart = PerClass(
    lambda cls: (
        _is_object_class.get(cls)
        or any(derives_from(cls, known) for known in (Table, WeaveTable, StoredOp))
    )
)


def _uri_of_row(row: Row, sink: Sink) -> str | None:
    ref = None if row.is_changed() else row.ref
    # The store of another client need not have the row.
    is_here = not isinstance(sink, Publisher) or sink.has_row(row)
    return ref.uri() if ref is not None and is_here else None


register_saved(SavedObject)
register_refable(Table)
register_refable(WeaveTable)
register_refable(StoredOp)
register_origin(Row, _uri_of_row)
