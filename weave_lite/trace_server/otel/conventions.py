"""Where the conventions of instrumentations keep inputs, outputs, models and token counts.

Tables of keys, and the one function that reads them. GenAI (older and newer), OpenInference,
Traceloop, Vercel AI and MLflow are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.trace_server.otel.attributes import with_lists

if TYPE_CHECKING:
    from weave_lite.trace_server.otel.attributes import Attributes

__all__ = ["Meaning", "meaning_of"]

# Of each list the first key that has a value counts.
INPUTS: Final = (
    "ai.prompt",
    "gen_ai.prompt",
    "input.value",
    "mlflow.spanInputs",
    "traceloop.entity.input",
    "gen_ai.input.messages",
    "input",
)
OUTPUTS: Final = (
    "ai.response",
    "gen_ai.completion",
    "output.value",
    "mlflow.spanOutputs",
    "gen_ai.content.completion",
    "traceloop.entity.output",
    "gen_ai.output.messages",
    "output",
)
FIELDS: Final = {
    "system": ("gen_ai.system", "llm.system"),
    "kind": ("weave.span.kind", "traceloop.span.kind", "openinference.span.kind"),
    "model": ("gen_ai.response.model", "llm.model_name", "ai.model.id", "gen_ai.request.model"),
    "provider": ("llm.provider", "ai.model.provider", "gen_ai.provider.name"),
    "model_parameters": ("gen_ai.request", "llm.invocation_parameters"),
}
TOKENS: Final = {
    "prompt_tokens": (
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "ai.usage.promptTokens",
    ),
    "completion_tokens": (
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "ai.usage.completionTokens",
    ),
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "total_tokens": ("llm.usage.total_tokens", "llm.token_count.total"),
}
_PAIRS: Final = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
# The name of token counts that come without a model.
_NO_MODEL: Final = "usage"


class Meaning(NamedTuple):
    """What the attributes of a span say about the call that it is."""

    inputs: dict[str, Any]
    output: dict[str, Any]
    attributes: dict[str, Any]
    # Model name to token counts; empty without counts.
    usage: dict[str, dict[str, int]]


def meaning_of(attributes: Attributes) -> Meaning:
    """Read what a span's attributes say; attributes of no known convention are kept as they are.

    Example:
        >>> from weave_lite.trace_server.otel.attributes import Attributes
        >>> found = meaning_of(Attributes({"llm.model_name": "m", "llm.token_count.prompt": "3"}))
        >>> found.attributes, found.usage
        ({'model': 'm'}, {'m': {'prompt_tokens': 3}})
    """
    inputs = _named(attributes.first(INPUTS))
    output = _named(attributes.first(OUTPUTS))
    fields = {}
    for name, keys in FIELDS.items():
        found = attributes.first(keys)
        if found is not None:
            fields[name] = with_lists(found[1])
    counts = _token_counts(attributes)
    if not (inputs or output or fields or counts):
        return Meaning({}, {}, dict(attributes.tree), {})
    return Meaning(inputs, output, fields, {_model(fields): counts} if counts else {})


def _named(found: tuple[str, Any] | None) -> dict[str, Any]:
    return {} if found is None else {found[0]: with_lists(found[1])}


def _token_counts(attributes: Attributes) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, keys in TOKENS.items():
        for key in keys:
            count = _as_int(attributes.get(key))
            if count is not None:
                counts[name] = count
                break
    if "total_tokens" not in counts:
        for pair in _PAIRS:
            first, second = (counts.get(name) for name in pair)
            if first is not None and second is not None:
                counts["total_tokens"] = first + second
                break
    return counts


def _as_int(value: Any) -> int | None:
    """Read a token count, also from text; the summary of a call has room for nothing else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _model(fields: dict[str, Any]) -> str:
    """Name the model that the counts belong to."""
    parameters = fields.get("model_parameters")
    asked = parameters.get("model") if isinstance(parameters, dict) else None
    for name in (fields.get("model"), asked):
        if isinstance(name, str) and name:
            return name
    return _NO_MODEL
