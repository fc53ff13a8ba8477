"""An object as a card of its fields. Pure: fields in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.display.html.page import rendered
from weave_lite.display.html.values import as_it_is, write_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = ["object_card"]


def object_card(
    title: str, fields: Mapping[str, Any], look: Look = as_it_is, *, note: str = ""
) -> str:
    """Show an object.

    Args:
        title: Its class and name.
        fields: Its fields by name.
        look: Says how a value is to be seen.
        note: More about it, such as its link.
    """

    def write(page: Page) -> None:
        with page.tag("div", "wl-card"):
            with page.tag("div", "wl-head"):
                page.element("bdi", title, "wl-name")
            if fields:
                write_value(page, dict(fields), look)
            if note:
                with page.tag("p", "wl-note"):
                    page.element("code", note, "wl-code")

    return rendered(write)
