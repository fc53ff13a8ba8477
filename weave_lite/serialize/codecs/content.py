"""Contents, files and sound of the newer official SDKs: bytes in files, read when asked for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.custom_type import custom_record
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.redact import redact
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.media.content import Content
    from weave_lite.serialize.media.file import File
    from weave_lite.serialize.registry import Sink, Source

__all__ = ["CONTENT", "STORED_FILE"]

_DATA = "content"
_FACTS = "metadata.json"
_TYPE_ID = "weave.type_wrappers.Content.content.Content"
# Of versions between; the newest official SDK neither writes nor reads it.
_FILE_TYPE_ID = "weave.type_handlers.File.file.File"
_FILE_DATA = "file"


def _encode(value: Content, sink: Sink) -> dict[str, Any]:
    import json  # noqa: PLC0415 - kept out of the import of the decorators

    facts = value._all_facts()  # noqa: SLF001 - its own codec
    if facts["metadata"] is not None:
        facts["metadata"] = redact(json.loads(json.dumps(facts["metadata"], default=str)))
    # Spaced and ordered as the official SDK does it, so that equal contents have equal files.
    text = json.dumps(facts)
    files = {_DATA: _saved_data(value, sink), _FACTS: sink.save_file(_FACTS, text.encode())}
    return custom_record(_TYPE_ID, files=files)


def _saved_data(value: Content, sink: Sink) -> str:
    """Save the bytes; one that was saved there before is not even read."""
    saved = value._saved  # noqa: SLF001 - its own codec
    if saved is not None and saved[0]() is sink:
        return saved[1]
    digest = sink.save_file(_DATA, value.data)
    value._saved = (weakref.ref(sink), digest)  # noqa: SLF001
    return digest


def _decode(record: dict[str, Any], source: Source) -> Content:
    from weave_lite.serialize.media.content import Content  # noqa: PLC0415 - only when there is one

    data, facts = record["files"][_DATA], record["files"][_FACTS]
    return Content._stored(lambda: source.read_file(data), lambda: source.read_file(facts))  # noqa: SLF001


def _decode_file(record: dict[str, Any], source: Source) -> File:
    from weave_lite.serialize.media.file import File  # noqa: PLC0415 - only when there is one

    files = record["files"]
    data, facts = files[_FILE_DATA], files.get(_FACTS)

    def read_facts() -> bytes:
        return b"{}" if facts is None else _facts_of_file(source.read_file(facts))

    return File._stored(lambda: source.read_file(data), read_facts)  # noqa: SLF001


def _facts_of_file(text: bytes) -> bytes:
    """Bring the facts of the older form to those of a content."""
    import json  # noqa: PLC0415 - kept out of the import of the decorators

    from weave_lite.serialize.media.facts import json_object  # noqa: PLC0415 - only when there is one

    facts = json_object(text)
    found: dict[str, Any] = {name: facts[name] for name in ("mimetype", "size") if name in facts}
    if "original_path" in facts:
        found["filename"] = facts["original_path"]
    return json.dumps(found).encode()


CONTENT = Codec(
    _TYPE_ID,
    lambda cls: is_loaded_class(cls, "weave_lite.serialize.media.content", "Content"),
    _encode,
    _decode,
)
STORED_FILE = Codec(_FILE_TYPE_ID, lambda _: False, _encode, _decode_file)
