"""Conventions: which keys become inputs, output, attributes and usage."""

from __future__ import annotations

import pytest

from weave_lite.trace_server.otel import conventions
from weave_lite.trace_server.otel.attributes import Attributes
from weave_lite.trace_server.otel.conventions import Meaning, meaning_of

MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]


def meaning(flat):
    """What flat attributes mean."""
    return meaning_of(Attributes(flat))


@pytest.mark.parametrize(
    ("flat", "expected"),
    [
        (
            {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hi"},
            Meaning({"gen_ai.prompt": [{"role": "user", "content": "hi"}]}, {}, {}, {}),
        ),
        ({"input.value": '{"q":1}'}, Meaning({"input.value": {"q": 1}}, {}, {}, {})),
        (
            {"ai.response.text": "x", "ai.response.finishReason": "stop"},
            Meaning({}, {"ai.response": {"text": "x", "finishReason": "stop"}}, {}, {}),
        ),
        (
            {
                "gen_ai.usage.prompt_tokens": 5,
                "gen_ai.usage.completion_tokens": 7,
                "gen_ai.response.model": "m",
            },
            Meaning(
                {},
                {},
                {"model": "m"},
                {"m": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}},
            ),
        ),
    ],
)
def test_examples_of_the_contract(flat, expected):
    """The examples that the contract gives come out as it says."""
    assert meaning(flat) == expected


def test_current_genai():
    """The newer GenAI convention: messages as JSON text, input and output tokens."""
    found = meaning(
        {
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude",
            "gen_ai.request.max_tokens": 9,
            "gen_ai.response.model": "claude-4",
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]',
            "gen_ai.output.messages": '[{"role": "assistant"}]',
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 4,
        }
    )
    assert found == Meaning(
        {"gen_ai.input.messages": MESSAGES},
        {"gen_ai.output.messages": [{"role": "assistant"}]},
        {
            "model": "claude-4",
            "provider": "anthropic",
            "model_parameters": {"model": "claude", "max_tokens": 9},
        },
        {"claude-4": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}},
    )


def test_openinference():
    """OpenInference: values, invocation parameters as JSON text, its own counts."""
    found = meaning(
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.provider": "azure",
            "llm.model_name": "gpt",
            "llm.invocation_parameters": '{"temperature": 0}',
            "input.value": "hi",
            "output.value": '{"text": "ho"}',
            "llm.token_count.prompt": 1,
            "llm.token_count.completion": 2,
            "llm.token_count.total": 30,
            "llm.token_count.prompt_details.cache_read": 1,
        }
    )
    assert found == Meaning(
        {"input.value": "hi"},
        {"output.value": {"text": "ho"}},
        {
            "system": "openai",
            "kind": "LLM",
            "model": "gpt",
            "provider": "azure",
            "model_parameters": {"temperature": 0},
        },
        {"gpt": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 30}},
    )


def test_vercel():
    """Vercel AI: prompt and response maps, camel-case counts."""
    found = meaning(
        {
            "ai.model.id": "gpt",
            "ai.model.provider": "openai.chat",
            "ai.prompt.messages": '[{"role": "user"}]',
            "ai.response.text": "x",
            "ai.usage.promptTokens": "10",
            "ai.usage.completionTokens": 2.0,
        }
    )
    assert found == Meaning(
        {"ai.prompt": {"messages": [{"role": "user"}]}},
        {"ai.response": {"text": "x"}},
        {"model": "gpt", "provider": "openai.chat"},
        {"gpt": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}},
    )


def test_traceloop_and_mlflow():
    """Traceloop's entities, and MLflow's, which goes first."""
    assert meaning(
        {
            "traceloop.span.kind": "workflow",
            "traceloop.entity.input": '{"args": []}',
            "traceloop.entity.output": "1",
        }
    ) == Meaning(
        {"traceloop.entity.input": {"args": []}},
        {"traceloop.entity.output": "1"},
        {"kind": "workflow"},
        {},
    )
    assert meaning(
        {"mlflow.spanInputs": "[1]", "mlflow.spanOutputs": '"x"', "traceloop.entity.input": "y"}
    ) == Meaning({"mlflow.spanInputs": [1]}, {"mlflow.spanOutputs": '"x"'}, {}, {})


def test_every_key_is_found():
    """Each key of each table is found when it stands alone."""
    for table, field in ((conventions.INPUTS, "inputs"), (conventions.OUTPUTS, "output")):
        for key in table:
            assert getattr(meaning({key: "v"}), field) == {key: "v"}, key
    for name, keys in conventions.FIELDS.items():
        for key in keys:
            assert meaning({key: "v"}).attributes[name] == "v", key
    for name, keys in conventions.TOKENS.items():
        for key in keys:
            assert meaning({key: 3}).usage == {"usage": {name: 3}}, key


def test_order_of_keys():
    """The first key of a list that has a value wins."""
    for table, field in ((conventions.INPUTS, "inputs"), (conventions.OUTPUTS, "output")):
        for earlier, later in zip(table, table[1:], strict=False):
            assert getattr(meaning({later: "l", earlier: "e"}), field) == {earlier: "e"}
    assert meaning({"gen_ai.request.model": "asked", "ai.model.id": "used"}).attributes == {
        "model": "used",
        "model_parameters": {"model": "asked"},
    }


def test_values_that_are_nothing_much_count():
    """Zero tokens, false and empty texts are values; null is none."""
    assert meaning({"input.value": "", "output.value": False}) == Meaning(
        {"input.value": ""}, {"output.value": False}, {}, {}
    )
    assert meaning({"gen_ai.usage.prompt_tokens": 0, "llm.token_count.prompt": 8}).usage == {
        "usage": {"prompt_tokens": 0}
    }
    assert meaning({"input.value": None, "input": 1}).inputs == {"input": 1}


def test_no_usage_without_counts():
    """A model alone makes no usage, nor do maps and lists where counts should be."""
    assert meaning({"gen_ai.response.model": "m"}).usage == {}
    assert meaning({"gen_ai.usage.prompt_tokens.cached": 1, "x": 2}).usage == {}


def test_total_is_of_one_pair():
    """The sum is of the pair that is whole; two conventions are not added up."""
    both = {"prompt_tokens": 1, "completion_tokens": 2, "input_tokens": 1, "output_tokens": 2}
    found = meaning({f"gen_ai.usage.{name}": count for name, count in both.items()})
    assert found.usage == {"usage": {**both, "total_tokens": 3}}
    assert meaning({"gen_ai.usage.input_tokens": 1, "gen_ai.usage.completion_tokens": 2}).usage == {
        "usage": {"input_tokens": 1, "completion_tokens": 2}
    }


@pytest.mark.parametrize("value", ["many", "", True, [1], float("inf"), "1.5"])
def test_no_number_is_no_count(value):
    """What cannot be an int is passed over, for the next key or for none."""
    assert meaning({"gen_ai.usage.input_tokens": value, "gen_ai.usage.output_tokens": 2}).usage == {
        "usage": {"output_tokens": 2}
    }
    assert meaning({"gen_ai.usage.prompt_tokens": value, "llm.token_count.prompt": 8}).usage == {
        "usage": {"prompt_tokens": 8}
    }


def test_usage_key():
    """Counts go to the model, else to the one in its parameters, else to `usage`."""
    count = {"gen_ai.usage.input_tokens": 1}
    assert meaning({**count, "llm.invocation_parameters": '{"model": "p"}'}).usage == {
        "p": {"input_tokens": 1}
    }
    assert meaning({**count, "gen_ai.request.model": "q"}).usage == {"q": {"input_tokens": 1}}
    assert meaning({**count, "gen_ai.response.model": 5}).usage == {"usage": {"input_tokens": 1}}


def test_unknown_attributes_are_kept():
    """Without any known key the whole map becomes the attributes; with one it does not."""
    assert meaning({"http.method": "GET", "rows.0": 1}) == Meaning(
        {}, {}, {"http": {"method": "GET"}, "rows": {"0": 1}}, {}
    )
    assert meaning({"http.method": "GET", "input.value": "x"}).attributes == {}
