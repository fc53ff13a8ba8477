"""MessagesPrompt: messages of a chat with places for values."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from weave_lite.flow.prompt.prompt import Prompt

__all__ = ["MessagesPrompt"]


class MessagesPrompt(Prompt):
    """Messages in whose texts ``{name}`` stands for a value.

    Args:
        messages: Dicts with ``role`` and ``content``; the content is a text or a list of parts.
        name: The name to store it under.
        description: Any text.

    Example:
        >>> prompt = MessagesPrompt([{"role": "user", "content": "Who is {who}?"}])
        >>> prompt.format(who="Ada")
        [{'role': 'user', 'content': 'Who is Ada?'}]
    """

    messages: list[dict[str, Any]] = Field(default_factory=list)

    def __init__(
        self,
        messages: list[dict[str, Any]] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        **fields: Any,
    ) -> None:
        given: dict[str, Any] = {"messages": [] if messages is None else messages}
        super().__init__(**given, name=name, description=description, **fields)

    def format_message(self, message: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Fill values into one message: into its texts and the texts of its content's parts.

        Raises:
            KeyError: A value is missing.
        """
        return _filled_message(message, kwargs)

    def format(self, /, **kwargs: Any) -> list[Any]:
        """Fill values into all messages.

        Raises:
            KeyError: A value is missing.
        """
        return [_filled_message(message, kwargs) for message in self.messages]


def _filled_message(message: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _with_parts(value, values) if key == "content" else _filled(value, values)
        for key, value in message.items()
    }


def _filled(value: Any, values: dict[str, Any]) -> Any:
    return value.format(**values) if isinstance(value, str) else value


def _with_parts(content: Any, values: dict[str, Any]) -> Any:
    """Fill in a content; of a list of parts only their texts, since addresses may hold braces."""
    if not isinstance(content, list):
        return _filled(content, values)
    return [
        {**part, "text": _filled(part["text"], values)}
        if isinstance(part, dict) and "text" in part
        else part
        for part in content
    ]
