"""Feedbacks: a list of feedback, as it was read. Its documented home is ``trace.feedback``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from weave_lite.trace.ref_list import Refs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.trace_server.interface.feedback import Feedback

__all__ = ["Feedbacks"]


class Feedbacks(Sequence["Feedback"]):
    """A list of feedback.

    Args:
        show_refs: Whether its table shows what each is about.
        feedbacks: The feedback.

    Example:
        >>> len(Feedbacks(show_refs=True))
        0
    """

    def __init__(
        self,
        show_refs: bool,
        feedbacks: Iterable[Feedback] | None = None,
        *,
        client: Any = None,
    ) -> None:
        self.show_refs = show_refs
        self._feedbacks = list(feedbacks or ())
        self._client = client

    def refs(self) -> Refs:
        """Return what the feedback is about, each once, in order of appearance."""
        return Refs(dict.fromkeys(each.weave_ref for each in self), client=self._client)

    @overload
    def __getitem__(self, key: int) -> Feedback: ...
    @overload
    def __getitem__(self, key: slice) -> Feedbacks: ...
    def __getitem__(self, key: int | slice) -> Feedback | Feedbacks:
        if isinstance(key, slice):
            return Feedbacks(self.show_refs, self._feedbacks[key], client=self._client)
        return self._feedbacks[key]

    def __len__(self) -> int:
        return len(self._feedbacks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Feedbacks):
            return NotImplemented
        return self._feedbacks == other._feedbacks

    __hash__ = None  # type: ignore[assignment]  # a list of feedback, compared by its content

    def __repr__(self) -> str:
        return f"Feedbacks({len(self)})"

    def __str__(self) -> str:
        from weave_lite.display.feedback_table import feedback_text  # noqa: PLC0415 - needs rich

        return feedback_text(self._feedbacks, show_refs=self.show_refs)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import feedback_html  # noqa: PLC0415 - notebooks only

        return feedback_html(self, lambda: self)
