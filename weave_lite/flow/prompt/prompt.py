"""Prompt: the base of prompts; its classes under the module name that upstream gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from weave_lite.core.errors import NotSupportedError
from weave_lite.flow.obj import Object
from weave_lite.trace.values.record import unwrap

if TYPE_CHECKING:
    from weave_lite.trace.values.record import WeaveObject

__all__ = ["EasyPrompt", "MessagesPrompt", "Prompt", "StringPrompt"]

_LATE = {
    "EasyPrompt": "weave_lite.flow.prompt.easy_prompt",
    "MessagesPrompt": "weave_lite.flow.prompt.messages_prompt",
    "StringPrompt": "weave_lite.flow.prompt.string_prompt",
}

if TYPE_CHECKING:
    from weave_lite.flow.prompt.easy_prompt import EasyPrompt
    from weave_lite.flow.prompt.messages_prompt import MessagesPrompt
    from weave_lite.flow.prompt.string_prompt import StringPrompt


class Prompt(Object):
    """A template that is stored on its own, with versions. Derive from it for other forms."""

    def format(self, /, **kwargs: Any) -> Any:
        """Fill in values.

        Raises:
            NotSupportedError: The class has no ``format`` of its own (also a NotImplementedError).
        """
        del kwargs
        raise NotSupportedError(
            f"{type(self).__name__} has no format; define format(self, **kwargs) in it, or use "
            "StringPrompt or MessagesPrompt"
        )

    @classmethod
    def from_obj(cls, obj: WeaveObject) -> Self:
        """Make a prompt of its stored record."""
        fields = {name: value for name, value in unwrap(obj).items() if name in cls.model_fields}
        prompt = cls(**fields)
        prompt.__dict__["ref"] = obj.ref
        return prompt


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - each class derives from the one here

    return getattr(import_module(_LATE[name]), name)
