"""Page: writes HTML that is whole, escaped and never larger than its limit. Knows no values."""

from __future__ import annotations

import base64
import html
from contextlib import contextmanager
from typing import TYPE_CHECKING

from weave_lite.display.html.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LIMIT_BYTES", "Page", "rendered", "visible"]

LIMIT_BYTES = 200_000

_NOTICE = (
    '<p class="wl-note wl-cut">Cut: the whole would be larger than {} kB. Read the values in code '
    "to see all of them.</p>"
)
# The most bytes that one character takes: "\u202e", "&quot;".
_WIDEST = 6
# What a browser would obey or could not be sent: controls, marks that turn the direction of the
# text around them, and halves of characters.
_HIDDEN = (
    *(code for code in range(32) if chr(code) not in "\n\t"),
    *range(127, 160),
    0x061C,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
    0xFFFE,
    0xFFFF,
)
_CODES = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _HIDDEN}  # noqa: PLR2004


def visible(text: str) -> str:
    """Show characters that act by their codes; line ends and tabs stay."""
    text = text.replace("\r\n", "\n").translate(_CODES)
    # A lone half of a pair has no UTF-8 form.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Page:
    """HTML in the making. What no longer fits is left out, and so is all that comes after it.

    Args:
        limit: Most bytes of what is written here, as UTF-8.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._parts: list[str] = []
        self._room = limit
        self.is_full = False

    @contextmanager
    def tag(self, name: str, css: str = "", *, attributes: str = "") -> Iterator[None]:
        """Write an element around what is written inside.

        Args:
            name: Name of the tag.
            css: Its classes.
            attributes: More attributes as HTML; never anything stored.
        """
        opening = f'<{name} class="{css}"' if css else f"<{name}"
        opening += f" {attributes}>" if attributes else ">"
        closing = f"</{name}>"
        is_written = self._take(opening, len(closing))
        try:
            yield
        finally:
            if is_written:
                self._parts.append(closing)

    @contextmanager
    def part(self, most: int) -> Iterator[None]:
        """Give what is written inside at most so many bytes; what comes after has its own room.

        Args:
            most: Most bytes.
        """
        room, was_full = self._room, self.is_full
        given = min(most, room)
        self._room = given
        try:
            yield
        finally:
            self._room += room - given
            if self.is_full and not was_full and given < room:
                self.is_full = False
                self.element("p", "Cut here: too large for a notebook.", "wl-note wl-cut")

    def text(self, text: str) -> None:
        """Write text, escaped; the head of it where all does not fit."""
        if self.is_full:
            return
        # No more is escaped than may fit.
        head = text[: self._room]
        escaped = html.escape(visible(head))
        if len(head) < len(text) or len(escaped.encode()) > self._room:
            escaped = html.escape(visible(text[: self._room // _WIDEST]))
            self._take(escaped, 0)
            self.is_full = True
        else:
            self._take(escaped, 0)

    def element(self, name: str, text: str, css: str = "", *, attributes: str = "") -> None:
        """Write an element that holds only text."""
        with self.tag(name, css, attributes=attributes):
            self.text(text)

    def picture(self, mimetype: str, content: bytes, text: str) -> None:
        """Write an image, if there is room for it.

        Args:
            mimetype: Its media type; never anything stored.
            content: Its bytes.
            text: What those get who do not see it.
        """
        data = base64.b64encode(content).decode()
        alt = html.escape(visible(text))
        tag = f'<img class="wl-picture" src="data:{mimetype};base64,{data}" alt="{alt}">'
        # The text beside it is worth more than what comes after.
        if not self.is_full and len(tag.encode()) * 2 <= self._room:
            self._take(tag, 0)

    def html(self) -> str:
        """What was written."""
        return "".join(self._parts)

    def _take(self, piece: str, reserve: int) -> bool:
        size = len(piece.encode()) + reserve
        if self.is_full or size > self._room:
            self.is_full = True
            return False
        self._room -= size
        self._parts.append(piece)
        return True


def rendered(write: Callable[[Page], None], limit: int = LIMIT_BYTES) -> str:
    """Give the whole output of a cell: style, what ``write`` writes, and a notice when it was cut.

    Args:
        write: Writes to a page.
        limit: Most bytes.
    """
    head = f'<div class="weave-lite"><style>{STYLE}</style>'
    notice = _NOTICE.format(limit // 1000)
    tail = "</div>"
    page = Page(limit - len(head) - len(notice) - len(tail))
    write(page)
    return f"{head}{page.html()}{notice if page.is_full else ''}{tail}"
