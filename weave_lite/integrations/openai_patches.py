"""What is patched in ``openai``, and how its streams become answers."""

from __future__ import annotations

from typing import Any

from weave_lite.integrations.chat_collected import ChatCollected, as_fields
from weave_lite.integrations.library_op import Way
from weave_lite.integrations.symbols import Symbol

__all__ = ["SYMBOLS", "ResponseCollected", "ask_for_usage", "is_usage_only"]


def ask_for_usage(kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """Return arguments that make a chat tell what it used; None when the user has decided that."""
    options = kwargs.get("stream_options") or {}
    if not isinstance(options, dict) or "include_usage" in options:
        return None
    return {**kwargs, "stream_options": {**options, "include_usage": True}}


def is_usage_only(chunk: Any) -> bool:
    """Tell whether a chunk is there only because the usage was asked for."""
    return not getattr(chunk, "choices", True) and getattr(chunk, "usage", None) is not None


class ResponseCollected:
    """What the events of a streamed response gave so far.

    The last event has the whole response; one that broke off is put together of its parts.
    """

    def __init__(self) -> None:
        self._response: Any = None
        self._is_whole = False
        self._items: dict[int, Any] = {}
        self._texts: dict[int, str] = {}

    def add(self, event: Any) -> None:
        """Take an event."""
        kind = getattr(event, "type", "")
        response = getattr(event, "response", None)
        if response is not None:
            self._response = response
            self._is_whole = kind in {
                "response.completed",
                "response.incomplete",
                "response.failed",
            }
        elif kind == "response.output_item.done":
            self._items[event.output_index] = event.item
        elif kind == "response.output_text.delta":
            text = self._texts.get(event.output_index, "")
            self._texts[event.output_index] = text + event.delta

    def output(self) -> Any:
        """Return the response, with what there is of its output."""
        if self._response is None:
            return None
        fields = as_fields(self._response)
        if not self._is_whole:
            found: dict[int, Any] = {index: _message(text) for index, text in self._texts.items()}
            found.update(self._items)
            fields["output"] = [as_fields(found[index]) for index in sorted(found)]
        return fields


def _message(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "",
        "type": "message",
        "role": "assistant",
        "status": "incomplete",
        "content": content,
    }


def _answer(value: Any) -> Any:
    """Return an answer as it came over the wire, and the id to ask the support with."""
    fields = as_fields(value)
    if isinstance(fields, dict) and hasattr(value, "_request_id"):
        fields["request_id"] = value._request_id  # noqa: SLF001 - documented by the library
    return fields


def _both(prefix: str, owner: str, attribute: str, way: Way) -> tuple[Symbol, Symbol]:
    name = f"openai.{prefix}.{attribute}"
    return (
        Symbol(owner, attribute, name, way),
        Symbol(f"Async{owner}", attribute, name, way._replace(is_async=True)),
    )


_PLAIN = Way(record=_answer)
_CHAT = _PLAIN._replace(collect=ChatCollected, asks_usage=ask_for_usage, hides=is_usage_only)
_CHATS = (
    *_both("chat.completions", "Completions", "create", _CHAT),
    *_both("chat.completions", "Completions", "parse", _PLAIN),
)

SYMBOLS = {
    # The helpers named `stream` call `create`.
    "openai.resources.chat.completions": _CHATS,
    "openai.resources.chat.completions.completions": _CHATS,
    # Until 1.92, when it moved to the place above.
    "openai.resources.beta.chat.completions": _both(
        "beta.chat.completions", "Completions", "parse", _PLAIN
    ),
    "openai.resources.responses.responses": (
        *_both("responses", "Responses", "create", _PLAIN._replace(collect=ResponseCollected)),
        *_both("responses", "Responses", "parse", _PLAIN),
    ),
    "openai.resources.embeddings": _both("embeddings", "Embeddings", "create", _PLAIN),
    "openai.resources.moderations": _both("moderations", "Moderations", "create", _PLAIN),
}
