"""The description of the HTTP face, made of the table of routes and the models."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from weave_lite.core.version import VERSION
from weave_lite.serve import openapi_parts as parts
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.routes import JSON_LINES, ROUTES

if TYPE_CHECKING:
    from pydantic_core import core_schema

__all__ = ["OTHER_PATHS", "description"]


class _Other(NamedTuple):
    """An endpoint that is no method of the trace server.

    Attributes:
        verb: How it is asked.
        summary: What it does.
        request: Name of the model of its body, or a schema; None when it takes none.
        response: Name of the model of its answer, or a schema.
        response_type: The answer's content type.
    """

    verb: Literal["get", "post"]
    summary: str
    request: str | dict[str, Any] | None
    response: str | dict[str, Any]
    response_type: str = parts.JSON


class _Schemas(GenerateJsonSchema):
    """Schemas of models, in words that every reader of OpenAPI understands."""

    def tuple_schema(self, schema: core_schema.TupleSchema) -> dict[str, Any]:
        """Describe a tuple as an array: many know ``prefixItems`` only half."""
        described = super().tuple_schema(schema)
        kinds = described.pop("prefixItems", [])
        first, *others = [each for at, each in enumerate(kinds) if each not in kinds[:at]]
        return {**described, "items": {"anyOf": [first, *others]} if others else first}


_V2: Final = "/v2/{entity}/{project}"
_OTEL: Final = "/otel/v1/traces"
OTHER_PATHS: Final = {
    f"{_V2}/calls/complete": _Other(
        "post", "Store whole calls.", "CallsUpsertCompleteReq", "CallsUpsertCompleteRes"
    ),
    f"{_V2}/call/start": _Other(
        "post", "Store the start of a call.", "CallStartReq", "CallStartRes"
    ),
    f"{_V2}/call/end": _Other("post", "Store the end of a call.", "CallEndReq", "CallEndRes"),
    "/service/projects_info": _Other(
        "post",
        "Give the internal id of each project.",
        parts.PROJECTS_QUESTION,
        parts.PROJECTS_ANSWER,
    ),
    "/completions/create_stream": _Other(
        "post",
        "Ask a model; the whole answer is one line.",
        "CompletionsCreateReq",
        "CompletionsCreateRes",
        JSON_LINES,
    ),
    "/graphql": _Other(
        "post",
        "Answer the questions that clients ask when they start.",
        parts.GRAPHQL_QUESTION,
        parts.GRAPHQL_ANSWER,
    ),
    _OTEL: _Other("post", "Store OpenTelemetry spans.", parts.OBJECT, parts.OTEL_ANSWER),
    "/server_info": _Other("get", "Say which server this is.", None, parts.SERVER_INFO),
    "/health": _Other("get", "Say that the store can be read.", None, parts.HEALTH),
    "/openapi.json": _Other("get", "Give this description.", None, parts.OBJECT),
}


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """Describe the HTTP face in OpenAPI 3.1."""
    by_name, definitions = _schemas()
    paths: dict[str, Any] = {}
    for route in ROUTES:
        answer = parts.answer_content(route.kind, by_name[route.response])
        body = parts.request_content(route.kind, by_name[route.request])
        summary = (getattr(tsi, route.request).__doc__ or "").strip().partition("\n")[0]
        for path in route.paths:
            name = route.method + ("" if path == route.paths[0] else "_again")
            paths[path] = {"post": parts.operation(name, summary, body, answer)}
    for path, other in OTHER_PATHS.items():
        paths[path] = {other.verb: _other_operation(path, other, by_name)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "weave_lite trace server", "version": VERSION},
        # Where clients look depends on which address they were given.
        "servers": [{"url": "/"}, {"url": "/traces"}],
        # A token is asked for only where the server was started with one.
        "security": [{}, {"key": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Error": parts.ERROR},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the schema of each request and response by its name, and what they refer to."""
    others = OTHER_PATHS.values()
    requests = {route.request for route in ROUTES}
    requests |= {other.request for other in others if isinstance(other.request, str)}
    responses = {route.response for route in ROUTES}
    responses |= {other.response for other in others if isinstance(other.response, str)}
    models: list[tuple[Any, Literal["validation", "serialization"]]] = [
        *((getattr(tsi, name), "validation") for name in sorted(requests)),
        *((getattr(tsi, name), "serialization") for name in sorted(responses)),
    ]
    refs, definitions = models_json_schema(
        models, ref_template=parts.REF + "{model}", schema_generator=_Schemas
    )
    by_name = {model.__name__: schema for (model, _), schema in refs.items()}
    return by_name, _tidied(definitions["$defs"])


def _tidied(definitions: dict[str, Any]) -> dict[str, Any]:
    """Say what projects are called, and name what the parts of a query may be.

    Spelled out at each of their places, they grow for ever for whoever follows them.
    """
    operands = definitions["EqOperation"]["properties"]["$eq"]["items"]
    operations = definitions["Query"]["properties"]["$expr"]
    named = {
        "Operand": {"oneOf": operands["oneOf"]},
        "Operation": {"oneOf": operations["oneOf"]},
    }
    name_of = {repr(union["oneOf"]): name for name, union in named.items()}

    def shortened(value: Any) -> Any:
        if isinstance(value, list):
            return [shortened(each) for each in value]
        if not isinstance(value, dict):
            return value
        name = name_of.get(repr(value.get("oneOf")))
        if name is not None:
            return {"$ref": parts.REF + name}
        if "properties" in value and "project_id" in value["properties"]:
            value["properties"]["project_id"]["pattern"] = parts.PROJECT_PATTERN
        return {key: shortened(each) for key, each in value.items()}

    return {**{name: shortened(each) for name, each in definitions.items()}, **named}


def _other_operation(path: str, other: _Other, by_name: dict[str, Any]) -> dict[str, Any]:
    request = by_name[other.request] if isinstance(other.request, str) else other.request
    response = by_name[other.response] if isinstance(other.response, str) else other.response
    body = None if request is None else {parts.JSON: {"schema": request}}
    answer = {other.response_type: parts.media(other.response_type, response)}
    if path == _OTEL:
        assert body is not None
        body[parts.PROTOBUF] = answer[parts.PROTOBUF] = {"schema": parts.BYTES}
    name = path.strip("/").replace("{", "").replace("}", "").replace("/", "_").replace(".", "_")
    operation = parts.operation(name, other.summary, body, answer)
    named = ("entity", "project") if path.startswith(_V2) else ()
    operation["parameters"] = [parts.path_parameter(each) for each in named]
    if path == _OTEL:
        operation["parameters"].append(parts.PROJECT_HEADER)
    return operation
