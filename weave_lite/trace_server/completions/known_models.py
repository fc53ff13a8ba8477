"""Which provider a model's name tells, and which secrets that provider needs.

By the prefixes that providers and litellm use, so that new models need no new table.
"""

from __future__ import annotations

import os
import re
from typing import Final, NamedTuple

from weave_lite.core.errors import MissingLLMApiKeyError

__all__ = ["OPENAI", "KnownProvider", "known_provider", "secret"]


class KnownProvider(NamedTuple):
    """A provider that model names tell.

    ``secret_names`` are names of environment variables; all must be set. ``prefix`` is what
    litellm wants before a name that has none.
    """

    name: str
    pattern: re.Pattern[str]
    secret_names: tuple[str, ...]
    prefix: str = ""


def _known(name: str, pattern: str, *secret_names: str, prefix: str = "") -> KnownProvider:
    return KnownProvider(name, re.compile(pattern), secret_names, prefix)


OPENAI: Final = _known(
    "openai", r"openai/|gpt-|chatgpt-|codex-|ft:(?:gpt-|o\d)|o\d(?:-|$)", "OPENAI_API_KEY"
)
# The first that matches is taken.
_KNOWN: Final = (
    OPENAI,
    _known("azure", r"azure/", "AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION"),
    _known("azure_ai", r"azure_ai/", "AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION"),
    _known("anthropic", r"anthropic/|claude-", "ANTHROPIC_API_KEY", prefix="anthropic/"),
    _known(
        "bedrock",
        r"bedrock/|bedrock_converse/|(?:[a-z]+\.)?(?:amazon|anthropic|meta|mistral|cohere|ai21|deepseek|writer)\.",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION_NAME",
        prefix="bedrock/",
    ),
    _known("gemini", r"gemini/|gemini-", "GEMINI_API_KEY", prefix="gemini/"),
    _known("groq", r"groq/", "GROQ_API_KEY"),
    _known("xai", r"xai/|grok-", "XAI_API_KEY", prefix="xai/"),
    _known(
        "deepseek", r"deepseek/|deepseek-(?:chat|reasoner)$", "DEEPSEEK_API_KEY", prefix="deepseek/"
    ),
)


def known_provider(model: str) -> KnownProvider | None:
    """Find the provider that a model's name tells.

    Example:
        >>> known_provider("claude-sonnet-4-5").secret_names
        ('ANTHROPIC_API_KEY',)
        >>> known_provider("llama3.2") is None
        True
    """
    return next((known for known in _KNOWN if known.pattern.match(model)), None)


def secret(name: str, model: str) -> str:
    """Read a secret from the environment.

    Raises:
        MissingLLMApiKeyError: It is not set.
    """
    value = os.environ.get(name)
    if not value:
        raise MissingLLMApiKeyError(
            f"the model {model!r} needs {name}, which is not set; set the environment variable, or "
            "serve the model from a local endpoint (OPENAI_BASE_URL)",
            api_key_name=name,
        )
    return value
