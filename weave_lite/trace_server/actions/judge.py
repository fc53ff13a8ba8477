"""The action that asks a language model about a call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from weave_lite.trace_server.interface.builtin_object_classes.actions import (
        LlmJudgeActionConfig,
    )

__all__ = ["Completer", "judge"]

_SCHEMA_NAME: Final = "response_format"
_WRAPPER: Final = "response"
_SHOWN_LENGTH: Final = 200


class Completer(Protocol):
    """What is needed of a server to judge."""

    def completions_create(self, req: tsi.CompletionsCreateReq) -> tsi.CompletionsCreateRes:
        """Ask a model."""


def judge(
    server: Completer, project_id: str, config: LlmJudgeActionConfig, inputs: Any, output: Any
) -> Any:
    """Ask a model about a call; the question is not stored as a call.

    Returns:
        The judgement, of the shape of the config's schema; None when the model gives none.

    Raises:
        InvalidRequest: The model gave an error, or what is no JSON of the wanted shape.
        MissingLLMApiKeyError: The model needs a key that is not set.
    """
    is_wrapped = config.response_schema.get("type") != "object"
    question = {
        "model": config.model,
        "messages": [
            {"role": "system", "content": config.prompt},
            {"role": "user", "content": json.dumps({"inputs": inputs, "output": output})},
        ],
        "response_format": _response_format(config.response_schema, is_wrapped=is_wrapped),
    }
    req = tsi.CompletionsCreateReq(
        project_id=project_id,
        inputs=tsi.CompletionsCreateRequestInputs(**question),
        track_llm_call=False,
    )
    response = server.completions_create(req).response
    error = response.get("error")
    if error:
        raise InvalidRequest(f"the model {config.model!r} gave an error: {error}")
    content = _content(response, config.model)
    if content is None:
        return None
    try:
        answer = jsontext.parse(content)
    except ValueError as broken:
        raise InvalidRequest(
            f"the model {config.model!r} answered no JSON ({broken}): {content[:_SHOWN_LENGTH]!r}"
        ) from broken
    if not is_wrapped:
        return answer
    if not isinstance(answer, dict) or _WRAPPER not in answer:
        raise InvalidRequest(
            f"the model {config.model!r} answered without the property {_WRAPPER!r}: "
            f"{content[:_SHOWN_LENGTH]!r}"
        )
    return answer[_WRAPPER]


def _response_format(schema: dict[str, Any], *, is_wrapped: bool) -> dict[str, Any]:
    """Write the schema as providers take it: they accept objects only."""
    if is_wrapped:
        schema = {
            "type": "object",
            "properties": {_WRAPPER: schema},
            "required": [_WRAPPER],
            "additionalProperties": False,
        }
    return {"type": "json_schema", "json_schema": {"name": _SCHEMA_NAME, "schema": schema}}


def _content(response: dict[str, Any], model: str) -> str | None:
    try:
        content = response["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise InvalidRequest(
            f"the model {model!r} answered without choices[0].message.content"
        ) from None
    if content is None or isinstance(content, str):
        return content
    raise InvalidRequest(f"the model {model!r} answered a content that is no text")
