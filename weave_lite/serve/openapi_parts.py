"""The parts that the description of the HTTP face is put together of. Knows no route."""

from __future__ import annotations

from typing import Any, Final

from weave_lite.trace_server_bindings.otlp_body import JSON, PROTOBUF
from weave_lite.trace_server_bindings.routes import JSON_LINES

__all__ = [
    "BYTES",
    "ERROR",
    "GRAPHQL_ANSWER",
    "GRAPHQL_QUESTION",
    "HEALTH",
    "JSON",
    "OBJECT",
    "OTEL_ANSWER",
    "PROJECTS_ANSWER",
    "PROJECTS_QUESTION",
    "PROJECT_HEADER",
    "PROJECT_PATTERN",
    "PROTOBUF",
    "REF",
    "SERVER_INFO",
    "answer_content",
    "media",
    "operation",
    "path_parameter",
    "request_content",
]

REF: Final = "#/components/schemas/"
_OCTETS: Final = "application/octet-stream"
_TEXT: Final = {"type": "string"}
PROJECT_PATTERN: Final = r"^[^/\x00-\x1f\x7f]+/[^/\x00-\x1f\x7f]+$"
BYTES: Final = {"type": "string", "format": "binary"}
OBJECT: Final = {"type": "object"}


def _record(required: str, optional: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Describe an object whose required fields are texts, unless ``more`` says otherwise."""
    names = required.split()
    properties = {**{name: more.get(name, _TEXT) for name in names}, **(optional or {})}
    return {"type": "object", "properties": properties, "required": names}


ERROR: Final = _record(
    "reason",
    {
        "kind": {"type": "string", "description": "The class of the error."},
        "detail": {
            "anyOf": [{"type": "array", "items": OBJECT}, _TEXT],
            "description": "Where a body does not fit its model.",
        },
        "deleted_at": {"type": "string", "format": "date-time"},
        "expected": {"type": "string", "description": "The digest that was expected."},
        "actual": {"type": "string", "description": "The digest of what was sent."},
        "api_key": {"type": "string", "description": "The name of the key that is missing."},
    },
)
SERVER_INFO: Final = _record("min_required_weave_python_version trace_server_version")
HEALTH: Final = _record("status")
GRAPHQL_QUESTION: Final = _record("query", {"variables": {"type": ["object", "null"]}})
GRAPHQL_ANSWER: Final = _record("data", data=OBJECT)
PROJECTS_QUESTION: Final = _record("project_ids", project_ids={"type": "array", "items": _TEXT})
PROJECTS_ANSWER: Final = {
    "type": "array",
    "items": _record("external_project_id internal_project_id"),
}
OTEL_ANSWER: Final = _record(
    "",
    {
        "partialSuccess": _record(
            "rejectedSpans errorMessage", rejectedSpans={"type": ["integer", "string"]}
        )
    },
)
PROJECT_HEADER: Final = {
    "name": "project_id",
    "in": "header",
    "description": "The project, entity/project; also as project-id.",
    "schema": {"type": "string", "pattern": PROJECT_PATTERN},
}
_ERRORS: Final = {
    "400": "The request is refused.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from another place.",
    "404": "Something is not there.",
    "405": "The path is for another method.",
    "409": "The digest is another than was expected.",
    "413": "The request is too large, or takes too long.",
    "422": "The body does not fit its model.",
    "500": "The server failed; its log says why.",
    "501": "This server cannot do that.",
    "503": "The store is busy, or the body did not come in time; try again.",
}


def operation(
    name: str, summary: str, body: dict[str, Any] | None, answer: dict[str, Any]
) -> dict[str, Any]:
    """Describe an operation.

    Args:
        name: Its id.
        summary: What it does.
        body: The content of its request by content type; None when it has none.
        answer: The content of its answer by content type.
    """
    error = {JSON: {"schema": {"$ref": f"{REF}Error"}}}
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "Done.", "content": answer},
            **{status: {"description": text, "content": error} for status, text in _ERRORS.items()},
        },
    }
    if body is not None:
        described["requestBody"] = {"required": True, "content": body}
    return described


def path_parameter(name: str) -> dict[str, Any]:
    """Describe a part of a path."""
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def media(content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe content; 3.1 has no word for the schema of a line."""
    if content_type == JSON_LINES:
        return {"schema": _TEXT, "x-item-schema": schema}
    return {"schema": schema}


def request_content(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of a route."""
    if kind != "upload":
        return {JSON: {"schema": schema}}
    return {
        "multipart/form-data": {
            "schema": _record(
                "project_id file",
                {"expected_digest": _TEXT},
                project_id={"type": "string", "pattern": PROJECT_PATTERN},
                file=BYTES,
            )
        }
    }


def answer_content(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe the answer of a route."""
    if kind == "stream":
        return {JSON_LINES: media(JSON_LINES, schema)}
    if kind == "download":
        return {_OCTETS: {"schema": BYTES}}
    return {JSON: {"schema": schema}}
