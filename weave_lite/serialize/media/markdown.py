"""Markdown: a marked-up text, with the parameters of rich's class of this name. Rich is optional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.style import Style

__all__ = ["Markdown"]


class Markdown:
    """A text in Markdown, to be traced or published; notebooks and rich render it.

    Only the text and the theme are stored.

    Args:
        markup: The text.
        code_theme: Pygments theme of code blocks.
        justify: How paragraphs are aligned.
        style: Style of the text.
        hyperlinks: Make links clickable.
        inline_code_lexer: Highlight inline code as this language.
        inline_code_theme: Pygments theme of inline code.

    Example:
        >>> Markdown("# Title", code_theme="vim")
        Markdown('# Title', code_theme='vim')
    """

    def __init__(
        self,
        markup: str,
        code_theme: str = "monokai",
        justify: Any = None,
        style: str | Style = "none",
        hyperlinks: bool = True,
        inline_code_lexer: str | None = None,
        inline_code_theme: str | None = None,
    ) -> None:
        self.markup = markup
        self.code_theme = code_theme
        self.justify = justify
        self.style = style
        self.hyperlinks = hyperlinks
        self.inline_code_lexer = inline_code_lexer
        self.inline_code_theme = inline_code_theme

    def __rich__(self) -> Any:
        """Give rich its own class."""
        from rich.markdown import Markdown as RichMarkdown  # noqa: PLC0415 - rich asks, so it is loaded

        return RichMarkdown(**vars(self))

    def _repr_markdown_(self) -> str:
        return self.markup

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Markdown):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"Markdown({self.markup!r}, code_theme={self.code_theme!r})"
