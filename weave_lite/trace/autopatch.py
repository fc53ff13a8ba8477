"""What users pass to ``init(autopatch_settings=...)``, checked by pydantic; loaded when first named.

Must not know how libraries are patched: ``weave_lite.integrations`` does that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AutopatchSettings", "IntegrationSettings", "OpSettings"]


class OpSettings(BaseModel):
    """How the calls of a patched library are recorded.

    Example:
        >>> OpSettings(name="ask").name
        'ask'
    """

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    # A function of the Call, which is not loaded for this.
    call_display_name: str | Callable[[Any], str] | None = None
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    postprocess_output: Callable[[Any], Any] | None = None


class IntegrationSettings(BaseModel):
    """Whether one library is patched, and how its calls are recorded."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    op_settings: OpSettings = Field(default_factory=OpSettings)


class AutopatchSettings(BaseModel):
    """Which libraries are patched.

    ``openai``, ``anthropic`` and ``litellm`` are. The other names are upstream's; they are accepted
    and change nothing, because those libraries come in through OpenTelemetry.

    Example:
        >>> AutopatchSettings(openai={"enabled": False}).openai.enabled
        False
    """

    model_config = ConfigDict(extra="forbid")

    disable_autopatch: bool = False
    anthropic: IntegrationSettings = Field(default_factory=IntegrationSettings)
    litellm: IntegrationSettings = Field(default_factory=IntegrationSettings)
    openai: IntegrationSettings = Field(default_factory=IntegrationSettings)

    cerebras: IntegrationSettings = Field(default_factory=IntegrationSettings)
    chatnvidia: IntegrationSettings = Field(default_factory=IntegrationSettings)
    cohere: IntegrationSettings = Field(default_factory=IntegrationSettings)
    crewai: IntegrationSettings = Field(default_factory=IntegrationSettings)
    dspy: IntegrationSettings = Field(default_factory=IntegrationSettings)
    google_genai_sdk: IntegrationSettings = Field(default_factory=IntegrationSettings)
    google_generativeai: IntegrationSettings = Field(default_factory=IntegrationSettings)
    groq: IntegrationSettings = Field(default_factory=IntegrationSettings)
    huggingface: IntegrationSettings = Field(default_factory=IntegrationSettings)
    instructor: IntegrationSettings = Field(default_factory=IntegrationSettings)
    mcp: IntegrationSettings = Field(default_factory=IntegrationSettings)
    mistral: IntegrationSettings = Field(default_factory=IntegrationSettings)
    notdiamond: IntegrationSettings = Field(default_factory=IntegrationSettings)
    openai_agents: IntegrationSettings = Field(default_factory=IntegrationSettings)
    vertexai: IntegrationSettings = Field(default_factory=IntegrationSettings)
