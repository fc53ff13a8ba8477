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
    TypeVar,
    overload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.core.refs import OpRef
    from weave_lite.trace.call import Call
    from weave_lite.trace.calls_iter import CallsIter

__all__ = ["BoundOp", "Op", "ProcessedInputs"]

P = ParamSpec("P")
P2 = ParamSpec("P2")
R = TypeVar("R", covariant=True)
T = TypeVar("T")


class ProcessedInputs(NamedTuple):
    """What an input handler gives: the arguments as they came, as the function gets them, as recorded."""

    original_args: tuple[Any, ...]
    original_kwargs: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: dict[str, Any]


class BoundOp(Protocol, Generic[P, R]):
    """An op bound to an object."""

    name: str
    ref: OpRef | None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    def call(self, *args: Any, **kwargs: Any) -> Any: ...

    def calls(self) -> CallsIter: ...


class Op(Protocol, Generic[P, R]):
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

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __get__(self, instance: None, owner: Any, /) -> Op[P, R]: ...

    @overload
    def __get__(
        self: Op[Concatenate[Any, P2], R], instance: object, owner: Any = None, /
    ) -> BoundOp[P2, R]: ...

    def call(self, *args: Any, **kwargs: Any) -> Any: ...

    def calls(self) -> CallsIter: ...

    def get_captured_code(self) -> str: ...
