"""The description of the HTTP face, made of the table of routes and the models."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal

from pydantic.json_schema import models_json_schema

from weave_lite.core.version import VERSION
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.routes import JSON_LINES, ROUTES

__all__ = ["description"]

_REF: Final = "#/components/schemas/"
_ERROR: Final = {
    "type": "object",
    "properties": {"reason": {"type": "string"}},
    "required": ["reason"],
}
_ERRORS: Final = {
    "400": "The request is refused.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from another place.",
    "404": "Something is not there.",
    "409": "The digest is another than was expected.",
    "413": "The request is too large, or takes too long.",
    "422": "The body does not fit its model.",
    "501": "This server cannot do that.",
    "503": "The store is busy.",
}


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """Describe the HTTP face in OpenAPI 3.1."""
    names = {name for route in ROUTES for name in (route.request, route.response)}
    extra = {"CallsUpsertCompleteReq", "CallsUpsertCompleteRes"}
    requests = {route.request for route in ROUTES} | {"CallsUpsertCompleteReq"}
    models: list[tuple[Any, Literal["validation", "serialization"]]] = [
        (getattr(tsi, name), "validation" if name in requests else "serialization")
        for name in sorted(names | extra)
    ]
    refs, definitions = models_json_schema(models, ref_template=_REF + "{model}")
    schemas = {**definitions.get("$defs", {}), "Error": _ERROR}
    by_name = {model.__name__: schema for (model, _), schema in refs.items()}
    paths: dict[str, Any] = {}
    for route in ROUTES:
        for path in route.paths:
            paths[path] = {
                "post": _operation(
                    route.method + ("" if path == route.paths[0] else "_again"),
                    (getattr(tsi, route.request).__doc__ or "").strip(),
                    _request_body(route.kind, by_name[route.request]),
                    _answer(route.kind, by_name[route.response]),
                )
            }
    for path, name in (("/server_info", "server_info"), ("/health", "health")):
        answer = {"application/json": {"schema": {"type": "object"}}}
        paths[path] = {"get": _operation(name, name.replace("_", " "), None, answer)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "weave_lite trace server", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(
    name: str, summary: str, body: dict[str, Any] | None, answer: dict[str, Any]
) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": f"{_REF}Error"}}}
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary.partition("\n")[0],
        "responses": {
            "200": {"description": "Done.", "content": answer},
            **{status: {"description": text, "content": error} for status, text in _ERRORS.items()},
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _request_body(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    if kind != "upload":
        return {"application/json": {"schema": schema}}
    parts = {
        "project_id": {"type": "string"},
        "file": {"type": "string", "format": "binary"},
        "expected_digest": {"type": "string"},
    }
    form = {"type": "object", "properties": parts, "required": ["project_id", "file"]}
    return {"multipart/form-data": {"schema": form}}


def _answer(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    if kind == "stream":
        return {JSON_LINES: {"schema": {"type": "string"}}}
    if kind == "download":
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": schema}}
