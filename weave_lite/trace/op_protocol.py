"""Types of ops for type checkers and integrations. Not loaded by tracing."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    overload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from weave_lite.core.refs import OpRef
    from weave_lite.trace.call import Call
    from weave_lite.trace.calls_iter import CallsIter

__all__ = ["BoundOp", "Op", "OpOptions", "ProcessedInputs"]

P = ParamSpec("P")
P2 = ParamSpec("P2")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class ProcessedInputs(NamedTuple):
    """What an input handler gives: the arguments as they came, as the function gets them, as recorded.

    With a ``call``, that one goes on instead of a new one.
    """

    original_args: tuple[Any, ...]
    original_kwargs: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: dict[str, Any]
    call: Call | None = None


class OpOptions(TypedDict, total=False):
    """The options of the decorator."""

    name: str | None
    call_display_name: str | Callable[[Call], str] | None
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None
    postprocess_output: Callable[[Any], Any] | None
    tracing_sample_rate: float
    enable_code_capture: bool
    accumulator: Callable[[Any, Any], Any] | None
    kind: str | None
    color: str | None
    attributes: Mapping[str, Any] | None
    eager_call_start: bool


class BoundOp(Protocol, Generic[P, R_co]):
    """An op bound to an object."""

    name: str
    ref: OpRef | None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run it."""

    @overload
    def call(
        self: BoundOp[P, Coroutine[Any, Any, T]], *args: Any, **kwargs: Any
    ) -> Coroutine[Any, Any, tuple[T, Call]]: ...

    @overload
    def call(self, *args: Any, **kwargs: Any) -> tuple[R_co, Call]: ...

    def calls(self) -> CallsIter:
        """Read its calls."""


class Op(Protocol, Generic[P, R_co]):
    """A traced, versioned function."""

    name: str
    ref: OpRef | None
    resolve_fn: Callable[..., Any]
    call_display_name: str | Callable[[Call], str] | None
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None
    postprocess_output: Callable[[Any], Any] | None
    tracing_sample_rate: float
    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run it."""

    @overload
    def __get__(self, instance: None, owner: Any, /) -> Op[P, R_co]: ...

    @overload
    def __get__(
        self: Op[Concatenate[Any, P2], R_co], instance: object, owner: Any = None, /
    ) -> BoundOp[P2, R_co]: ...

    # Its arguments are not checked, as there are some for the tracer among them.
    @overload
    def call(
        self: Op[P, Coroutine[Any, Any, T]], *args: Any, **kwargs: Any
    ) -> Coroutine[Any, Any, tuple[T, Call]]: ...

    @overload
    def call(self, *args: Any, **kwargs: Any) -> tuple[R_co, Call]: ...

    def calls(self) -> CallsIter:
        """Read its calls."""

    def get_captured_code(self) -> str:
        """Return the source of an op that was read from a ref."""
