"""Annotations: the spec that each names, and whether its value satisfies the schema of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRequest
from weave_lite.core.jsontext import parse
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import refs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.feedback import NewFeedback

__all__ = ["check"]


def check(conn: StoreConnection, rows: Sequence[NewFeedback]) -> None:
    """Check the values of annotations against their specs; other feedback passes.

    Raises:
        InvalidRequest: A value does not satisfy its spec, or the spec is deleted or none.
        NotFoundError: A spec does not exist.
    """
    annotations = [(row.annotation_ref, row.payload_json) for row in rows if row.annotation_ref]
    if not annotations:
        return
    wanted = list(dict.fromkeys(ref for ref, _ in annotations))
    found = refs.read_batch(conn, tsi.RefsReadBatchReq(refs=wanted)).vals
    specs = dict(zip(wanted, found, strict=True))
    for ref, payload_json in annotations:
        _check(ref, specs[ref], parse(payload_json)["value"])


def _check(ref: str, spec: Any, value: Any) -> None:
    from weave_lite.trace_server.interface.builtin_object_classes.annotation_spec import (  # noqa: PLC0415 - loads pydantic
        value_error,
    )

    if spec is None:
        raise InvalidRequest(
            f"annotation_ref {ref!r} is the ref of a deleted spec; publish the spec again"
        )
    schema = spec.get("field_schema", {}) if isinstance(spec, dict) else None
    if not isinstance(schema, dict):
        raise InvalidRequest(
            f"annotation_ref {ref!r} is not the ref of an annotation spec; "
            "name an object whose field_schema is a JSON Schema"
        )
    error = value_error(schema, value)
    if error is not None:
        raise InvalidRequest(f"payload.value does not satisfy the spec {ref!r}: {error}")
