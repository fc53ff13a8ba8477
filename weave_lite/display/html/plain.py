"""What is shown where nothing better could be made: the ``repr``, escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.display.html.page import rendered
from weave_lite.display.html.values import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["html_or_repr"]

_MAX_TEXT = 20_000


def html_or_repr(value: Any, make: Callable[[], str]) -> str:
    """Give what ``make`` makes; the ``repr`` of the value where that fails. Never raises."""
    try:
        return make()
    except KeyboardInterrupt:
        raise
    except BaseException:  # the code of the value is the user's and may even exit
        text = safe_repr(value)[:_MAX_TEXT]
        return rendered(lambda page: page.element("pre", text, "wl-code"))
