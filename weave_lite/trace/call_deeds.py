"""What a call can do by itself: name its links, read what hangs on it, change and delete it, be scored.

Holds a narrow protocol for what needs a client, never the client itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from weave_lite.core.errors import InvalidNameError, InvalidRefError, WeaveInitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.core.refs import CallRef
    from weave_lite.trace.calls_iter import CallsIter
    from weave_lite.trace.feedback import RefFeedbackQuery

__all__ = ["CallActions", "CallDeeds"]

# What scores stands in a room above this one, so it is named only, and loaded when asked for.
_SCORING = "weave_lite.flow.scoring"


class CallActions(Protocol):
    """What a call needs of its client."""

    def read_children(self, call: Any, page_size: int) -> CallsIter:
        """Read the calls whose parent is this one."""

    def get_calls(self, *, filter: Mapping[str, Any], limit: int) -> CallsIter:
        """Find calls, the oldest first."""

    def read_costs(self, call_id: str) -> dict[str, Any]:
        """Read what a call cost, by model."""

    def feedback_on(self, ref: CallRef) -> RefFeedbackQuery:
        """Find the feedback on a call."""

    def delete_calls(self, call_ids: list[str]) -> None:
        """Delete calls and their descendants."""

    def update_display_name(self, call_id: str, name: str) -> None:
        """Set a display name; an empty one removes it."""


class CallDeeds:
    """The part of :class:`Call` that acts."""

    __slots__ = ()

    if TYPE_CHECKING:
        _actions: CallActions | None
        _children: list[Any] | None
        _display_name: str | Callable[[Any], str] | None
        _feedback: RefFeedbackQuery | None
        _sizes: tuple[int | None, int | None] | None
        id: str | None
        project_id: str
        display_name: Any
        summary: Any

    @property
    def ref(self) -> CallRef:
        """The ref of the call.

        Raises:
            InvalidRefError: It was not traced, so it has no id.
        """
        from weave_lite.core.refs import CallRef  # noqa: PLC0415 - rarely asked for

        entity, _, project = self.project_id.partition("/")
        return CallRef(entity, project, self._require_id())

    @property
    def ui_url(self) -> str:
        """The link of the call: its page on a hosted service; on an embedded store, its URI.

        Raises:
            InvalidRefError: It was not traced, so it has no id.
        """
        from weave_lite.trace.links import app_link  # noqa: PLC0415 - rarely asked for

        uri = self.ref.uri()
        return app_link(self.project_id, f"r/call/{self.id}") or uri

    # --- what hangs on it ---

    @property
    def feedback(self) -> RefFeedbackQuery:
        """The feedback on the call: read when it is first looked at, and added here.

        Raises:
            InvalidRefError: It was not traced, so it has no id.
        """
        # A call that runs here is made without its constructor, so a slot may be empty.
        found = getattr(self, "_feedback", None)
        if found is None:
            ref, actions = self.ref, self._actions
            if actions is None:
                from weave_lite.trace.feedback import RefFeedbackQuery  # noqa: PLC0415 - needs pydantic

                found = RefFeedbackQuery(ref)
            else:
                found = actions.feedback_on(ref)
            self._feedback = found  # type: ignore[misc]  # a slot of Call
        return found

    @property
    def costs(self) -> dict[str, Any]:
        """What the call cost, by model; it is read now if it was not asked for. Empty without usage.

        A call has the tokens of all calls below it, so this is the cost of the whole tree.
        """
        summary = self.summary
        derived = summary.get("weave") if isinstance(summary, dict) else None
        if isinstance(derived, dict) and "costs" in derived:
            return dict(derived["costs"])
        if not self.id or self._actions is None:
            return {}
        return self._actions.read_costs(self.id)

    @property
    def storage_size_bytes(self) -> int | None:
        """Bytes that the call takes as JSON; None when it was not asked for (``include_storage_size``)."""
        return (getattr(self, "_sizes", None) or (None, None))[0]

    @property
    def total_storage_size_bytes(self) -> int | None:
        """Bytes of the whole trace, of a root; None when it was not asked for (``include_total_storage_size``)."""
        return (getattr(self, "_sizes", None) or (None, None))[1]

    # --- actions ---

    def children(self, page_size: int = 1000) -> CallsIter:
        """Read the calls that this one made.

        Args:
            page_size: How many are read at a time.

        Raises:
            InvalidRefError: It was not traced, so it has no id.
            WeaveInitError: It has no client.
        """
        self._require_id()
        given = getattr(self, "_children", None)
        if given is not None and self._actions is None:
            from weave_lite.trace.calls_iter import PaginatedIterator  # noqa: PLC0415 - rarely used

            return PaginatedIterator(
                lambda start, most: iter(given[start:][:most]),
                lambda most: len(given[:most]),
                page_size=page_size,
            )
        return self._require_actions().read_children(self, page_size)

    def delete(self) -> bool:
        """Delete the call and all its descendants; returns True."""
        call_id = self._require_id()
        self._require_actions().delete_calls([call_id])
        return True

    def set_display_name(self, name: str | None) -> None:
        """Set the display name, here and in the store; None removes it.

        Raises:
            InvalidNameError: The name is no text, or empty; use ``remove_display_name``.
        """
        if name is not None and (not isinstance(name, str) or not name):
            fault = "empty" if name == "" else f"of type {type(name).__name__}"
            raise InvalidNameError(
                f"name must not be {fault}: give a text, or call remove_display_name() to remove it"
            )
        if name == self._display_name:
            return
        call_id = self._require_id()
        self.display_name = name
        self._require_actions().update_display_name(call_id, self._display_name or "")  # type: ignore[arg-type]

    def remove_display_name(self) -> None:
        """Remove the display name, here and in the store."""
        self.set_display_name(None)

    async def apply_scorer(
        self, scorer: Any, additional_scorer_kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Score this call, and store the score as feedback on it.

        Args:
            scorer: A ``Scorer``, an op or a function: it gets the output as ``output``, and the
                inputs that it has parameters for.
            additional_scorer_kwargs: More arguments, such as what was expected.

        Returns:
            ``ApplyScorerSuccess``: the ``result``, and ``score_call``, the call of the scorer.

        Raises:
            WeaveInitError: No client is active.
            OpCallError: The inputs do not fit the parameters of the scorer.
            Exception: What the scorer raised.
        """
        scoring = import_module(_SCORING)
        return await scoring.apply_scorer_to_call(self, scorer, additional_scorer_kwargs)

    def apply_scorer_sync(
        self, scorer: Any, additional_scorer_kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Score this call and wait for it; works with and without a running event loop.

        Args, result and errors are those of :meth:`apply_scorer`.
        """
        scoring = import_module(_SCORING)
        return scoring.run_to_end(lambda: self.apply_scorer(scorer, additional_scorer_kwargs))

    # --- in a notebook ---

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import call_html  # noqa: PLC0415 - notebooks only

        return call_html(self)  # type: ignore[arg-type]  # the other half of Call

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)

    def _require_id(self) -> str:
        if not self.id:
            raise InvalidRefError("this call has no id, because it was not traced")
        return self.id

    def _require_actions(self) -> CallActions:
        if self._actions is None:
            raise WeaveInitError("this call has no client. Call weave.init('my-project') first")
        return self._actions
