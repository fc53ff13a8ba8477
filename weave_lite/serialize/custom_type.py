"""The two stored forms of a custom type, made from a pair of save and load functions.

Inline: ``val`` holds a JSON value. Files: ``files`` maps paths to digests. The code of ``load`` is
never stored, and stored code is never run.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

from weave_lite.serialize.artifact import FilesArtifact

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.serialize.registry import Sink, Source

    Encode = Callable[[Any, Sink], dict[str, Any]]
    Decode = Callable[[dict[str, Any], Source], Any]

__all__ = ["CUSTOM_TYPE", "custom_record", "files_form", "form_of", "inline_form", "type_id_of"]

CUSTOM_TYPE = "CustomWeaveType"
# The name that files-form functions are given, as in the reference.
_NAME = "obj"
_FILES_PARAMETERS = 3


def form_of(save: Callable[..., Any]) -> Literal["inline", "files"] | None:
    """Tell from the parameters of a save function which form it writes."""
    try:
        parameters = inspect.signature(save).parameters.values()
    except (TypeError, ValueError):  # a class or builtin without a signature, such as `str`
        return "inline"
    positional = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    required = [p for p in positional if p.default is p.empty]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if len(required) <= 1 and (positional or takes_any):
        return "inline"
    if len(required) <= _FILES_PARAMETERS and (len(positional) >= _FILES_PARAMETERS or takes_any):
        return "files"
    return None


def custom_record(type_id: str, **content: Any) -> dict[str, Any]:
    """Build the record of a custom type; ``content`` is ``val=`` or ``files=``."""
    return {"_type": CUSTOM_TYPE, "weave_type": {"type": type_id}, **content}


def type_id_of(record: dict[str, Any]) -> str | None:
    """Return the type id of a record; None when it is not a well-formed custom type record."""
    if record.get("_type") != CUSTOM_TYPE:
        return None
    weave_type = record.get("weave_type")
    type_id = weave_type.get("type") if isinstance(weave_type, dict) else None
    return type_id if isinstance(type_id, str) else None


def inline_form(
    type_id: str, save: Callable[..., Any], load: Callable[..., Any]
) -> tuple[Encode, Decode]:
    """Make the writer and the reader of an inline form."""

    def encode(value: Any, sink: Sink) -> dict[str, Any]:
        del sink
        return custom_record(type_id, val=save(value))

    def decode(record: dict[str, Any], source: Source) -> Any:
        del source
        return load(record["val"])

    return encode, decode


def files_form(
    type_id: str, save: Callable[..., Any], load: Callable[..., Any]
) -> tuple[Encode, Decode]:
    """Make the writer and the reader of a files form."""

    def encode(value: Any, sink: Sink) -> dict[str, Any]:
        artifact = FilesArtifact()
        save(value, artifact, _NAME)
        files = {
            path: sink.save_file(path, content) for path, content in artifact.path_contents.items()
        }
        return custom_record(type_id, files=files)

    def decode(record: dict[str, Any], source: Source) -> Any:
        files = record["files"]
        artifact = FilesArtifact({path: source.read_file(files[path]) for path in files})
        value = load(artifact, _NAME)
        try:
            value.art = artifact
        except Exception:  # many classes refuse attributes; the value is complete without
            return value
        return value

    return encode, decode
