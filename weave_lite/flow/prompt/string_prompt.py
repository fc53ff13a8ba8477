"""StringPrompt: one text with places for values."""

from __future__ import annotations

from typing import Any

from weave_lite.flow.prompt.prompt import Prompt

__all__ = ["StringPrompt"]


class StringPrompt(Prompt):
    """A text in which ``{name}`` stands for a value.

    Args:
        content: The text, in the language of ``str.format``: ``{{`` and ``}}`` are braces.
        name: The name to store it under.
        description: Any text.

    Example:
        >>> StringPrompt("Translate to {language}: {text!r}").format(language="French", text="yes")
        "Translate to French: 'yes'"
    """

    content: str = ""

    def __init__(
        self,
        content: str = "",
        *,
        name: str | None = None,
        description: str | None = None,
        **fields: Any,
    ) -> None:
        given: dict[str, Any] = {"content": content, "name": name, "description": description}
        super().__init__(**given, **fields)

    def format(self, /, **kwargs: Any) -> str:
        """Fill in values.

        Raises:
            KeyError: A value is missing; the others do not matter.
        """
        return self.content.format(**kwargs)
