"""The calls below a call as a tree that folds. Pure: calls in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.display.html.call_view import write_line
from weave_lite.display.html.values import as_it_is

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.display.html.call_view import CallView
    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = ["write_tree"]

# Browsers give up on documents much deeper than this; what is below stands side by side.
_MAX_LEVELS = 60
# A tree of so few calls is shown unfolded; of a larger one only the way to what failed is.
_FEW = 24


def write_tree(
    page: Page, calls: Iterable[CallView], root_id: str | None, look: Look = as_it_is
) -> None:
    """Write the calls below ``root_id``, each with its own below it.

    Args:
        page: Where to.
        calls: The calls, in any order; siblings keep theirs. Those not below the root are left out.
        root_id: Id of the call at the top, which is not written itself.
        look: Says how a value is to be seen.
    """
    tree = _Tree(page, list(calls), look)
    for call in tree.children.pop(root_id, []):
        tree.write(call, 0)


class _Tree:
    def __init__(self, page: Page, calls: list[CallView], look: Look) -> None:
        self._page = page
        self._look = look
        self.children: dict[str | None, list[CallView]] = {}
        for call in calls:
            self.children.setdefault(call.parent_id, []).append(call)
        self._is_open = {call.id for call in calls} if len(calls) <= _FEW else _ways(calls)

    def write(self, call: CallView, level: int) -> None:
        """Write a call and what is below it."""
        if self._page.is_full:
            return
        # Taken out, so that a call which is its own ancestor ends.
        below = self.children.pop(call.id, [])
        if not below or level >= _MAX_LEVELS:
            self._leaf(call)
            self._flat(below)
            return
        with self._page.tag("details", attributes="open" if call.id in self._is_open else ""):
            with self._page.tag("summary", "wl-line"):
                write_line(self._page, call, self._look)
            with self._page.tag("div", "wl-inside"):
                for child in below:
                    self.write(child, level + 1)

    def _flat(self, waiting: list[CallView]) -> None:
        while waiting and not self._page.is_full:
            call = waiting.pop(0)
            waiting[:0] = self.children.pop(call.id, [])
            self._leaf(call, "↳ ")

    def _leaf(self, call: CallView, mark: str = "") -> None:
        with self._page.tag("div", "wl-line wl-leaf"):
            if mark:
                self._page.element("span", mark, "wl-dim")
            write_line(self._page, call, self._look)


def _ways(calls: list[CallView]) -> set[str | None]:
    """Ids of the calls above those that failed."""
    parents = {call.id: call.parent_id for call in calls}
    ways: set[str | None] = set()
    for call in calls:
        above = call.parent_id if call.status == "error" else None
        while above is not None and above not in ways:
            ways.add(above)
            above = parents.get(above)
    return ways
