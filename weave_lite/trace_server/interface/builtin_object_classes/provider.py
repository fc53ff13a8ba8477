"""Provider and ProviderModel: where completions come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from weave_lite.trace_server.interface.builtin_object_classes.base import BuiltinObject

__all__ = ["Provider", "ProviderModel"]


class Provider(BuiltinObject):
    """An endpoint that speaks the wire of OpenAI."""

    base_url: str
    api_key_name: str
    extra_headers: dict[str, str] = Field(default_factory=dict)
    return_type: Literal["openai"] = "openai"


class ProviderModel(BuiltinObject):
    """A model of a provider; ``provider`` is the provider's ref, ``name`` the model's own name."""

    provider: str
    max_tokens: int
