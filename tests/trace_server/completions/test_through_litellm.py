"""Models through litellm, which a small module stands in for."""

from __future__ import annotations

import os
import types

import pytest

from weave_lite.core.errors import MissingLLMApiKeyError
from weave_lite.trace_server.completions import through_litellm
from weave_lite.trace_server.completions.known_models import known_provider
from weave_lite.trace_server.completions.through_litellm import ThroughLitellm, knows

MESSAGES = [{"role": "user", "content": "hi"}]


class Completion:
    """What litellm answers."""

    def model_dump(self, mode):
        return {"choices": [], "mode": mode}


@pytest.fixture
def asked(monkeypatch):
    """A litellm that notes what it was asked, and knows ``mistral/...`` beside the usual names."""
    module = types.SimpleNamespace(asked=[], error=None)

    def completion(**params):
        module.asked.append(params)
        if module.error:
            raise module.error
        return Completion()

    def get_llm_provider(model):
        if not model.startswith("mistral/"):
            raise ValueError(model)

    module.completion, module.get_llm_provider = completion, get_llm_provider
    monkeypatch.setattr(through_litellm, "find_spec", lambda name: object())
    monkeypatch.setattr(through_litellm, "import_module", lambda name: module)
    return module


def provider(model):
    return ThroughLitellm(model, known_provider(model))


def test_asks_litellm(asked, monkeypatch):
    """The name gets the provider that litellm wants, the key goes along, nulls are dropped."""
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    answer = provider("gemini-2.0-flash")({"messages": MESSAGES, "model": "gemini-2.0-flash"})
    assert answer == {"choices": [], "mode": "json"}
    assert asked.asked == [
        {
            "model": "gemini/gemini-2.0-flash",
            "messages": MESSAGES,
            "api_key": "k",
            "timeout": 600.0,
            "drop_params": True,
        }
    ]


def test_xai_gets_no_response_format(asked, monkeypatch):
    """What xAI does not know is dropped; its small model has no penalties either."""
    monkeypatch.setenv("XAI_API_KEY", "k")
    params = {"response_format": {}, "presence_penalty": 1, "frequency_penalty": 1, "n": 2}
    provider("xai/grok-3")(params)
    provider("xai/grok-3-mini")(params)
    usual = {"model", "api_key", "timeout", "drop_params", "n"}
    assert [set(params) - usual for params in asked.asked] == [
        {"presence_penalty", "frequency_penalty"},
        set(),
    ]


def test_bedrock_and_azure_have_several_secrets(asked, monkeypatch):
    """All secrets of a provider must be set; each goes to its own parameter."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.delenv("AWS_REGION_NAME", raising=False)
    model = "us.anthropic.claude-3-haiku"
    with pytest.raises(MissingLLMApiKeyError) as caught:
        provider(model)
    assert caught.value.api_key_name == "AWS_REGION_NAME"
    monkeypatch.setenv("AWS_REGION_NAME", "r")
    for name in ("AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION"):
        monkeypatch.setenv(name, name.lower())
    provider(model)({})
    provider("azure/mine")({})
    common = {"timeout": 600.0, "drop_params": True}
    assert asked.asked == [
        {
            "model": f"bedrock/{model}",
            "aws_access_key_id": "a",
            "aws_secret_access_key": "b",
            "aws_region_name": "r",
            **common,
        },
        {
            "model": "azure/mine",
            "api_key": "azure_api_key",
            "api_base": "azure_api_base",
            "api_version": "azure_api_version",
            **common,
        },
    ]


def test_errors_of_litellm(asked, monkeypatch):
    """Whatever litellm raises is the answer, without the key."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "s3cret")
    asked.error = RuntimeError("bad key s3cret")
    assert provider("claude-x")({}) == {
        "error": "litellm, for the model 'claude-x', raised RuntimeError: bad key ***"
    }


def test_other_names_that_litellm_knows(asked):
    """A name that we do not know may be one of litellm's; it finds its own key."""
    assert (knows("mistral/small"), knows("nothing")) == (True, False)
    ThroughLitellm("mistral/small", None)({})
    assert asked.asked[0]["model"] == "mistral/small"
    assert "api_key" not in asked.asked[0]


def test_litellm_fetches_and_prints_nothing(asked, monkeypatch):
    """Its table of models is the one that it brings along, and it gives no advice."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "")
    monkeypatch.delenv("LITELLM_LOCAL_MODEL_COST_MAP")
    knows("x")
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert asked.suppress_debug_info


def test_not_installed(monkeypatch):
    """Without the extra nothing is known."""
    monkeypatch.setattr(through_litellm, "find_spec", lambda name: None)
    assert not knows("mistral/small")
    assert "install weave-lite[litellm]" in ThroughLitellm("m/x", None)({})["error"]
