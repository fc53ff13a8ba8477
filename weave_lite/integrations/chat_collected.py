"""Puts the chunks of a streamed chat together to the answer, in the form of OpenAI's wire.

Must not know whose client gave the chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ChatCollected", "as_fields"]

# Some servers repeat these with each chunk; all other texts come in pieces.
_WHOLE = frozenset({"id", "index", "name", "role", "type"})


def as_fields(value: Any) -> Any:
    """Return a library's object as it came over the wire; anything else stays as it is."""
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(exclude_unset=True, warnings=False)


class ChatCollected:
    """What the chunks of a chat gave so far.

    Args:
        usage_of: Reads the token counts of a chunk that does not show them.
    """

    def __init__(self, usage_of: Callable[[Any], Any] | None = None) -> None:
        self._usage_of = usage_of
        self._fields: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, item: Any) -> None:
        """Take a chunk."""
        chunk = as_fields(item)
        for choice in chunk.pop("choices", None) or ():
            self._add_choice(choice)
        chunk.pop("object", None)
        if self._usage_of is not None:
            chunk["usage"] = self._usage_of(item)
        self._fields.update(
            {name: value for name, value in chunk.items() if value or name not in self._fields}
        )

    def _add_choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index") or 0
        kept = self._choices.setdefault(
            index, {"index": index, "message": {}, "finish_reason": None}
        )
        _merge(kept["message"], choice.get("delta") or {})
        if choice.get("finish_reason"):
            kept["finish_reason"] = choice["finish_reason"]
        if choice.get("logprobs"):
            _merge(kept.setdefault("logprobs", {}), choice["logprobs"])

    def output(self) -> Any:
        """Return the answer; None when nothing came."""
        if not self._fields and not self._choices:
            return None
        choices = [self._choices[index] for index in sorted(self._choices)]
        for choice in choices:
            message = choice["message"]
            choice["message"] = {"role": "assistant", "content": None, **message}
            for call in message.get("tool_calls") or ():
                call.pop("index", None)
        return {**self._fields, "object": "chat.completion", "choices": choices}


def _merge(into: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a piece to what is there: texts and lists grow, parts with an index find their own."""
    for name, value in delta.items():
        old = into.get(name)
        if value is None:
            into.setdefault(name, None)
        elif isinstance(value, list):
            into[name] = _joined(old if isinstance(old, list) else [], value)
        elif isinstance(value, dict):
            kept = dict(old) if isinstance(old, dict) else {}
            _merge(kept, value)
            into[name] = kept
        elif isinstance(value, str) and isinstance(old, str):
            into[name] = (old or value) if name in _WHOLE else old + value
        else:
            into[name] = value


def _joined(old: list[Any], new: list[Any]) -> list[Any]:
    joined = list(old)
    for part in new:
        index = part.get("index") if isinstance(part, dict) else None
        same = None
        if index is not None:
            same = next((kept for kept in joined if kept.get("index") == index), None)
        if same is None:
            same = {} if isinstance(part, dict) else None
            joined.append(part if same is None else same)
        if same is not None:
            _merge(same, part)
    return joined
