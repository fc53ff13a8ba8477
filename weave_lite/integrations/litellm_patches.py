"""What is patched in ``litellm``, and how its streams become answers."""

from __future__ import annotations

from typing import Any

from weave_lite.integrations.chat_collected import ChatCollected, as_fields
from weave_lite.integrations.library_op import Way
from weave_lite.integrations.symbols import Symbol

__all__ = ["SYMBOLS"]


def _chat() -> ChatCollected:
    return ChatCollected(_usage_of)


def _usage_of(chunk: Any) -> Any:
    """Read the token counts that a chunk has, or hides from who did not ask for them."""
    hidden = getattr(chunk, "_hidden_params", None)
    usage = getattr(chunk, "usage", None) or (isinstance(hidden, dict) and hidden.get("usage"))
    fields = as_fields(usage) if usage else None
    # Nothing but zeros stands for "not told".
    return fields if fields and fields.get("total_tokens") else None


_CHAT = Way(record=as_fields, collect=_chat)

SYMBOLS = {
    "litellm": (
        Symbol("", "completion", "litellm.completion", _CHAT),
        Symbol("", "acompletion", "litellm.acompletion", _CHAT._replace(is_async=True)),
    )
}
