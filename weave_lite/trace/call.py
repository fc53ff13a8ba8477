"""Call: one run of an op, live in this process or read back from a store.

Holds a narrow protocol for what needs a client, never the client itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core import clock
from weave_lite.core.errors import OpNameError
from weave_lite.core.names import MAX_DISPLAY_NAME_LENGTH, shorten_display_name
from weave_lite.trace.attributes import CallAttributes
from weave_lite.trace.call_deeds import CallActions, CallDeeds
from weave_lite.trace.guard import warn
from weave_lite.trace.undecoded import Undecoded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from weave_lite.trace.feedback import RefFeedbackQuery
    from weave_lite.trace_server.interface.encoded import EncodedStart

__all__ = ["UNCALLED_DISPLAY_NAME", "Call", "CallActions", "Undecoded"]

UNCALLED_DISPLAY_NAME = "Callable Display Name (not called yet)"


class Call(CallDeeds):
    """One run of an op.

    Args:
        _op_name: URI of the op, or a plain name.
        trace_id: Id of the tree of calls that this one belongs to.
        project_id: ``entity/project``.
        parent_id: Id of the calling call; None for a root.
        inputs: Dict of argument name to value.
        id: Id of the call; None when it was not traced.
        output: What the op gave back, after postprocessing.
        exception: JSON text of the exception that ended it.
        summary: Dict of usage, counts, and what user code added.
        started_at: When it started (aware, UTC). ``ended_at``, ``deleted_at`` alike.
        _children: The calls that it made, for a call that no client can read them of.
        _feedback: The feedback on it; by default that of its ref.
    """

    __slots__ = (
        "__weakref__",
        "_actions",
        "_attributes",
        "_attributes_json",
        "_children",
        "_display_name",
        "_ended",
        "_errors",
        "_feedback",
        "_inputs",
        "_is_finished",
        "_op_name",
        "_output",
        "_parent",
        "_sizes",
        "_start",
        "_started",
        "_successes",
        "_summary",
        "_totals",
        "deleted_at",
        "exception",
        "id",
        "parent_id",
        "project_id",
        "thread_id",
        "trace_id",
        "turn_id",
        "wb_run_id",
        "wb_user_id",
    )

    def __init__(
        self,
        _op_name: str,
        trace_id: str,
        project_id: str,
        parent_id: str | None,
        inputs: Any,
        id: str | None = None,
        output: Any = None,
        exception: str | None = None,
        summary: Any = None,
        _display_name: str | Callable[[Call], str] | None = None,
        attributes: Any = None,
        started_at: dt.datetime | int | None = None,
        ended_at: dt.datetime | int | None = None,
        deleted_at: dt.datetime | None = None,
        _children: list[Call] | None = None,
        _feedback: RefFeedbackQuery | None = None,
        *,
        thread_id: str | None = None,
        turn_id: str | None = None,
        wb_user_id: str | None = None,
        wb_run_id: str | None = None,
        sizes: tuple[int | None, int | None] | None = None,
        actions: CallActions | None = None,
    ) -> None:
        self._op_name = _op_name
        self.trace_id = trace_id
        self.project_id = project_id
        self.parent_id = parent_id
        self._inputs = inputs
        self.id = id
        self._output = output
        self.exception = exception
        self._summary = summary
        self._display_name = _display_name
        self._attributes = attributes
        self._started = started_at
        self._ended = ended_at
        self.deleted_at = deleted_at
        self.thread_id = thread_id
        self.turn_id = turn_id
        self.wb_user_id = wb_user_id
        self.wb_run_id = wb_run_id
        self._actions = actions
        self._children = _children
        self._feedback = _feedback
        self._sizes = sizes
        # The rest belongs to a call that runs in this process.
        self._parent: Call | None = None
        self._start: EncodedStart | None = None
        self._attributes_json = ""
        self._is_finished = ended_at is not None
        # Sums over the finished children: no list of them is kept, so a long-lived root stays small.
        self._totals: dict[str, Any] | None = None
        self._successes = 0
        self._errors = 0

    # --- values, decoded when first read ---

    @property
    def inputs(self) -> Any:
        """The inputs: dict of argument name to value."""
        value = self._inputs
        if type(value) is Undecoded:
            value = self._inputs = value.decode(value.value)
        return value

    @inputs.setter
    def inputs(self, value: Any) -> None:
        self._inputs = value

    @property
    def output(self) -> Any:
        """What the op gave back, after postprocessing."""
        value = self._output
        if type(value) is Undecoded:
            value = self._output = value.decode(value.value)
        return value

    @output.setter
    def output(self, value: Any) -> None:
        self._output = value

    @property
    def attributes(self) -> Any:
        """The attributes: what is set here while the call runs is stored with its end."""
        value = self._attributes
        if type(value) is Undecoded:
            value = value.decode(value.value)
        elif value is None and self._attributes_json:
            from weave_lite.core import jsontext  # noqa: PLC0415 - rarely asked for on a live call

            value = jsontext.parse(self._attributes_json)
        if type(value) is not CallAttributes:
            value = self._attributes = CallAttributes(value or {})
        return value

    @attributes.setter
    def attributes(self, value: Any) -> None:
        self._attributes = CallAttributes(value or {})

    @property
    def summary(self) -> Any:
        """Usage and counts of the call and its descendants, and what user code puts in."""
        value = self._summary
        if type(value) is Undecoded:
            value = self._summary = value.decode(value.value)
        if value is None:
            value = self._summary = (
                {"status_counts": self._counts()} if self._successes or self._errors else {}
            )
        return value

    @summary.setter
    def summary(self, value: Any) -> None:
        self._summary = value

    @property
    def started_at(self) -> dt.datetime | None:
        """When the call started (aware, UTC)."""
        if type(self._started) is int:
            self._started = clock.from_micros(self._started)
        return self._started  # type: ignore[return-value]

    @started_at.setter
    def started_at(self, value: dt.datetime | None) -> None:
        self._started = value

    @property
    def ended_at(self) -> dt.datetime | None:
        """When the call ended (aware, UTC); None while it runs."""
        if type(self._ended) is int:
            self._ended = clock.from_micros(self._ended)
        return self._ended  # type: ignore[return-value]

    @ended_at.setter
    def ended_at(self, value: dt.datetime | None) -> None:
        self._ended = value

    # --- names ---

    @property
    def op_name(self) -> str:
        """URI of the op, or a plain name.

        Raises:
            OpNameError: It is not a text.
        """
        if not isinstance(self._op_name, str):
            raise OpNameError(f"op_name must be a text, not {type(self._op_name).__name__}")
        return self._op_name

    @property
    def func_name(self) -> str:
        """The op's stored name, without project and version."""
        name = self.op_name
        if not name.startswith("weave:///"):
            return name
        return name.rpartition("/")[2].partition(":")[0]

    @property
    def display_name(self) -> str | Callable[[Call], str] | None:
        """The name to show; None means the op's name."""
        return self._display_name

    @display_name.setter
    def display_name(self, name: str | Callable[[Call], str] | None) -> None:
        if isinstance(name, str) and len(name) > MAX_DISPLAY_NAME_LENGTH:
            name = shorten_display_name(name)
            warn(f"a display name longer than {MAX_DISPLAY_NAME_LENGTH} characters was cut")
        self._display_name = name

    # --- derived ---

    @property
    def status(self) -> str:
        """``success``, ``error`` or ``running``."""
        if self.exception is not None:
            return "error"
        if self._ended is not None:
            return "success"
        return self._derived("status") or "running"

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while the call runs."""
        started, ended = self.started_at, self.ended_at
        if started is None or ended is None:
            latency_ms = self._derived("latency_ms")
            return None if latency_ms is None else float(latency_ms / 1000)
        return (ended - started).total_seconds()

    def _derived(self, name: str) -> Any:
        """What the store worked out: it knows the end also where that was not asked for."""
        # A call that runs here has no summary yet; reading it would make one.
        summary = None if self._summary is None else self.summary
        derived = summary.get("weave") if isinstance(summary, dict) else None
        return derived.get(name) if isinstance(derived, dict) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the call as a dict of its fields."""
        name = self._display_name
        return {
            "op_name": self.op_name,
            "trace_id": self.trace_id,
            "project_id": self.project_id,
            "parent_id": self.parent_id,
            "inputs": self.inputs,
            "id": self.id,
            "output": self.output,
            "exception": self.exception,
            "summary": self.summary,
            "display_name": UNCALLED_DISPLAY_NAME if callable(name) else name,
            "attributes": self.attributes,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "deleted_at": self.deleted_at,
        }

    # --- the rest ---

    def _counts(self) -> dict[str, int]:
        return {"success": self._successes, "error": self._errors}

    def __repr__(self) -> str:
        return f"Call({self._op_name!r}, id={self.id!r}, status={self.status!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Call):
            return NotImplemented
        if self.id is None or other.id is None:
            return self is other
        return (self.project_id, self.id) == (other.project_id, other.id)

    def __hash__(self) -> int:
        return hash((self.project_id, self.id))

    def __reduce__(self) -> tuple[Any, ...]:
        # Values go along as plain JSON, because a user's objects need not be picklable.
        from weave_lite.trace.call_pickle import pickled  # noqa: PLC0415 - rarely asked for

        return pickled(self)
