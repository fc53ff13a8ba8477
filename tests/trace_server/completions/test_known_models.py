"""Which provider a name tells, and which of several functions is taken."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.completions.known_models import known_provider
from weave_lite.trace_server.completions.registered import (
    register_provider,
    registered_provider,
    unregister_provider,
)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o", "openai"),
        ("openai/gpt-4.1", "openai"),
        ("o1", "openai"),
        ("o4-mini", "openai"),
        ("chatgpt-4o-latest", "openai"),
        ("ft:gpt-4o:acme", "openai"),
        ("ft:o4-mini-2025-04-16", "openai"),
        ("azure/gpt-4o", "azure"),
        ("azure_ai/phi", "azure_ai"),
        ("claude-3-5-sonnet-20240620", "anthropic"),
        ("anthropic/claude-3-haiku", "anthropic"),
        ("anthropic.claude-3-sonnet-20240229-v1:0", "bedrock"),
        ("eu.meta.llama3-2-1b-instruct-v1:0", "bedrock"),
        ("bedrock/x", "bedrock"),
        ("gemini/gemini-1.5-pro", "gemini"),
        ("groq/gemma2-9b-it", "groq"),
        ("xai/grok-3", "xai"),
        ("grok-4", "xai"),
        ("deepseek/deepseek-chat", "deepseek"),
        ("deepseek-reasoner", "deepseek"),
        ("deepseek-r1:8b", None),
        ("o1ive", None),
        ("llama3.2", None),
        ("qwen2.5:7b", None),
        ("meta-llama/Llama-3-8B", None),
        ("", None),
    ],
)
def test_names(model, name):
    """Names of hosted models tell their provider; those that run anywhere do not."""
    known = known_provider(model)
    assert (known and known.name) == name


@pytest.fixture
def functions():
    """Functions under a name, and under two prefixes."""
    names = ("a/", "a/b/", "a/b/c")
    for name in names:
        register_provider(name, lambda params, name=name: {"by": name})
    yield
    for name in names:
        unregister_provider(name)


@pytest.mark.parametrize(
    ("model", "by"), [("a/x", "a/"), ("a/b/x", "a/b/"), ("a/b/c", "a/b/c"), ("a/b/cd", "a/b/")]
)
def test_longest_prefix(functions, model, by):
    """A function's own name wins, then the longest prefix."""
    assert registered_provider(model)({}) == {"by": by}


def test_names_without_a_function(functions):
    """A name is no prefix of others unless it ends with a slash."""
    assert [registered_provider(name) for name in ("a", "ab/c", "b")] == [None] * 3


@pytest.mark.parametrize(("name", "function"), [("", dict), ("x", None)])
def test_bad_registrations(name, function):
    """A name and something to call are needed."""
    with pytest.raises(InvalidRequest, match="register_provider needs"):
        register_provider(name, function)
