"""Monitor: which finished calls are to be scored, and by whom. What does it is ``monitor_run``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, WrapValidator, field_validator

from weave_lite.core.errors import UsageError
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.monitor_run import ActiveMonitor, runner_of
from weave_lite.flow.obj import Object
from weave_lite.flow.scorer import Scorer
from weave_lite.flow.scoring import prepare
from weave_lite.trace.client_context import get_client, require_client
from weave_lite.trace.op import as_op, is_op
from weave_lite.trace.values.record import WeaveObject, unwrap
from weave_lite.trace.watch import watcher_of
from weave_lite.trace_server.interface.query import Query  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Monitor"]

# What stored records have besides their fields.
_RECORD_KEYS = frozenset({"_type", "_class_name", "_bases"})


class _ScorerError(UsageError, TypeError):
    """A value cannot be a scorer of a monitor."""


def _to_scorer(value: Any, handler: Callable[[Any], Scorer]) -> Any:
    if isinstance(value, ObjectRef):
        value = value.get()
    if isinstance(value, Scorer | WeaveObject):
        return value  # a record: its class is not imported here
    if isinstance(value, type):
        raise _ScorerError(f"scorers must be instances: give {value.__name__}()")
    if not isinstance(value, Mapping):
        raise _ScorerError(f"scorers must be weave.Scorer objects, not {type(value).__name__}")
    return handler(value)


class Monitor(Object):
    """Scores calls in the background, as they end.

    After ``activate``, calls that this process finishes are scored when their op is one of
    ``op_names``, the query finds them, and the sampling rate takes them. That happens in a thread
    of its own; scores are stored as feedback on the calls. Calls that scorers make are not scored.
    ``finish`` and ``flush`` of the client wait for pending scores, up to 30 seconds.

    Args:
        sampling_rate: The fraction of calls that is scored, 0 to 1.
        scorers: Who scores. Those that are not async run one after the other.
        op_names: Names or refs of ops; ops are taken by their name, refs
            as they are. An empty list takes no call.
        query: What calls must pass, in the query language; also as a dict.
        active: Whether it is active, as far as the store knows; reading one starts nothing.

    Example:
        >>> class Length(Scorer):
        ...     def score(self, *, output): ...
        >>> monitor = Monitor(name="lengths", op_names=["answer"], scorers=[], sampling_rate=0.5)
        >>> monitor.active
        False
    """

    # An integer stays one: it is stored as it is written.
    sampling_rate: float | int = Field(default=1, ge=0, le=1)
    scorers: list[Annotated[Scorer, WrapValidator(_to_scorer)]]
    op_names: list[str]
    query: Query | None = None
    active: bool = False

    @field_validator("op_names", mode="before")
    @classmethod
    def _to_names(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [_op_name(each) for each in value]

    @field_validator("query", mode="before")
    @classmethod
    def _to_query(cls, value: Any) -> Any:
        if isinstance(value, WeaveObject):
            value = unwrap(value)
        return _plain(value) if isinstance(value, dict) else value

    @classmethod
    def from_obj(cls, obj: WeaveObject) -> Self:
        """Make a monitor of its stored record."""
        return cls.model_validate(obj)

    def activate(self) -> ObjectRef:
        """Store the monitor as active, and begin to score calls that this process finishes.

        It goes on until ``deactivate``, or until the client is finished. Later changes count from
        the next ``activate`` on.

        Returns:
            The ref to the monitor.

        Raises:
            WeaveInitError: No client is active.
            ValueError: A scorer cannot score.
            OpCallError: ``score`` of a scorer takes no output.
        """
        client = require_client()
        scorers = tuple(prepare(scorer) for scorer in self.scorers)
        ref = self._publish(is_active=True)
        runner_of(client).add(
            self._key,
            ActiveMonitor(ref.uri(), tuple(self.op_names), self.sampling_rate, self.query, scorers),
        )
        return ref

    def deactivate(self) -> ObjectRef:
        """Store the monitor as not active, and stop. Calls that ended before are still scored.

        Returns:
            The ref to the monitor.

        Raises:
            WeaveInitError: No client is active.
        """
        client = require_client()
        ref = self._publish(is_active=False)
        if watcher_of(client) is not None:
            runner_of(client).remove(self._key)
        return ref

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all calls that ended so far are scored, by all monitors.

        Args:
            timeout: Seconds to wait at most; None means until done.

        Returns:
            Whether they are.
        """
        client = get_client()
        watcher = None if client is None else watcher_of(client)
        return watcher is None or watcher.wait(timeout)

    def _publish(self, *, is_active: bool) -> ObjectRef:
        self.active = is_active
        self.ref = None
        return require_client().publisher.publish(self)

    @property
    def _key(self) -> Hashable:
        # One that was read from the store is the same monitor; without a name there is no telling.
        return self.name or id(self)


def _op_name(value: Any) -> Any:
    if is_op(value):
        return as_op(value).name
    return value.uri() if isinstance(value, ObjectRef) else value


def _plain(query: Any) -> Any:
    """Leave out what records add to a query. A key of a literal may be called the same."""
    if isinstance(query, WeaveObject):
        query = unwrap(query)
    if isinstance(query, dict):
        return {
            key: _plain(value)
            for key, value in query.items()
            if key not in _RECORD_KEYS or isinstance(value, dict | WeaveObject)
        }
    if isinstance(query, list | tuple):
        return [_plain(each) for each in query]
    return query
