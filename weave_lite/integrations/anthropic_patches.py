"""What is patched in ``anthropic``, and how its streams become messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from weave_lite.integrations.library_op import Way
from weave_lite.integrations.symbols import Symbol
from weave_lite.trace.guard import captured

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SYMBOLS", "MessageCollected"]


class MessageCollected:
    """What the events of a streamed message gave so far."""

    def __init__(self) -> None:
        self._class: Any = None
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        # The input of a tool comes as pieces of a JSON text.
        self._inputs: dict[int, str] = {}

    def add(self, item: Any) -> None:
        """Take an event; the helpers' own ones, which repeat others, are passed over."""
        handle = _HANDLERS.get(getattr(item, "type", ""))
        if handle is not None:
            handle(self, item)

    def _start(self, event: Any) -> None:
        self._class = type(event.message)
        self._message = _plain(event.message)

    def _start_block(self, event: Any) -> None:
        self._blocks[event.index] = _plain(event.content_block)

    def _add_delta(self, event: Any) -> None:
        block = self._blocks.setdefault(event.index, {})
        delta = _plain(event.delta)
        kind = delta.pop("type", "")
        if kind == "input_json_delta":
            self._inputs[event.index] = self._inputs.get(event.index, "") + delta["partial_json"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        else:
            for name, text in delta.items():
                block[name] = (block.get(name) or "") + text if isinstance(text, str) else text

    def _change_message(self, event: Any) -> None:
        self._message.update(_plain(event.delta))
        usage = getattr(event, "usage", None)
        if usage is not None:
            counted = {name: count for name, count in _plain(usage).items() if count is not None}
            self._message["usage"] = {**(self._message.get("usage") or {}), **counted}

    def output(self) -> Any:
        """Return the message; None when nothing came."""
        if not self._message:
            return None
        for index, text in self._inputs.items():
            try:
                self._blocks[index]["input"] = json.loads(text) if text else {}
            except ValueError:
                # It broke off in the middle; the library's class takes a dict only.
                self._blocks[index]["input"] = {"partial_json": text}
        content = [self._blocks[index] for index in sorted(self._blocks)]
        fields = {**self._message, "content": content}
        try:
            return self._class.construct(**fields)
        except Exception as error:
            captured("Error building the message of a stream", error)
            return fields


_HANDLERS: dict[str, Callable[[MessageCollected, Any], None]] = {
    "message_start": MessageCollected._start,  # noqa: SLF001
    "content_block_start": MessageCollected._start_block,  # noqa: SLF001
    "content_block_delta": MessageCollected._add_delta,  # noqa: SLF001
    "message_delta": MessageCollected._change_message,  # noqa: SLF001
}


def _plain(value: Any) -> dict[str, Any]:
    fields: dict[str, Any] = value.model_dump(exclude_unset=True, warnings=False)
    return fields


_CREATE = Way(collect=MessageCollected)
_STREAM = Way(collect=MessageCollected, is_manager=True)


def _symbols(prefix: str) -> tuple[Symbol, ...]:
    return (
        Symbol("Messages", "create", f"{prefix}.Messages.create", _CREATE),
        Symbol(
            "AsyncMessages",
            "create",
            f"{prefix}.AsyncMessages.create",
            _CREATE._replace(is_async=True),
        ),
        Symbol("Messages", "parse", f"{prefix}.Messages.parse", Way()),
        Symbol("AsyncMessages", "parse", f"{prefix}.AsyncMessages.parse", Way(is_async=True)),
        Symbol("Messages", "stream", f"{prefix}.Messages.stream", _STREAM),
        # Not async: it is the block that is.
        Symbol("AsyncMessages", "stream", f"{prefix}.AsyncMessages.stream", _STREAM),
    )


_MESSAGES = _symbols("anthropic")

SYMBOLS = {
    "anthropic.resources.messages": _MESSAGES,
    "anthropic.resources.messages.messages": _MESSAGES,
    "anthropic.resources.beta.messages.messages": _symbols("anthropic.beta"),
}
