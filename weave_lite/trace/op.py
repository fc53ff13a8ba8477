"""The decorator ``op``, and what can be done with an op.

Loads nothing that a program without a client does not need: a wrapped function looks at one
attribute and calls the plain function.
"""

from __future__ import annotations

from contextlib import suppress
from functools import WRAPPER_ASSIGNMENTS, partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, cast, overload

from weave_lite.core.errors import DisplayNameFuncError, UsageError
from weave_lite.trace.op_object import BoundOp, ClassOp, OpObject, StaticOp
from weave_lite.trace.op_spec import (
    OpKind,
    OpSpec,
    inferred_name,
    is_instance,
    is_method,
    kind_of,
    mentions_content,
    name_of,
)
from weave_lite.trace.op_wrappers import RESERVED, async_wrapper, stream_wrapper, sync_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ParamSpec, TypeVar, Unpack

    from weave_lite.trace.call import Call
    from weave_lite.trace.calls_iter import CallsIter
    from weave_lite.trace.op_protocol import Op as Op  # noqa: PLC0414
    from weave_lite.trace.op_protocol import OpOptions
    from weave_lite.trace.op_protocol import ProcessedInputs as ProcessedInputs  # noqa: PLC0414

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = ["RESERVED", "as_op", "call", "calls", "is_op", "op"]


@overload
def op(func: Callable[P, R], /, **options: Unpack[OpOptions]) -> Op[P, R]: ...


@overload
def op(
    func: None = None, /, **options: Unpack[OpOptions]
) -> Callable[[Callable[P, R]], Op[P, R]]: ...


def op(
    func: Any = None,
    *,
    name: str | None = None,
    call_display_name: str | Callable[[Call], str] | None = None,
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    postprocess_output: Callable[[Any], Any] | None = None,
    tracing_sample_rate: float = 1.0,
    enable_code_capture: bool = True,
    accumulator: Callable[[Any, Any], Any] | None = None,
    kind: str | None = None,
    color: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    eager_call_start: bool = True,
) -> Any:
    """Trace a function: each call is recorded with its inputs, output, times and parent.

    Works for sync and async functions, generators, methods, and any callable.

    Args:
        func: The function; left out when the decorator is used with options.
        name: Name of the op; by default the function's.
        call_display_name: Name of each call: a text, or a function of the Call.
        postprocess_inputs: Makes the recorded inputs of the inputs (dict of argument name to value).
        postprocess_output: Makes the recorded output of the output.
        tracing_sample_rate: Share of root calls that are traced, 0 to 1.
        enable_code_capture: Whether the source is stored.
        accumulator: For what is iterated: ``state = accumulator(state, item)``, beginning with
            None; the last state is the recorded output.
        kind: What the op does (``"llm"``, ``"tool"`` ...), stored under ``attributes.weave.kind``.
        color: A colour to show it in, stored under ``attributes.weave.color``.
        attributes: Attributes of all calls.
        eager_call_start: Accepted for upstream's sake: starts are always recorded at once.

    Raises:
        TypeError: It is not callable, the sample rate is not a number, or another option is of
            the wrong type.
        ValueError: The sample rate is not between 0 and 1.
        InvalidNameError: Nothing is left of the name when it is cleaned.
        DisplayNameFuncError: ``call_display_name`` does not take exactly one parameter.

    Example:
        >>> @op
        ... def double(x: int) -> int:
        ...     return 2 * x
        >>> double(4)
        8
    """
    del eager_call_start
    _check_name(name)
    checked = {
        "call_display_name": _checked_display_name(call_display_name),
        "postprocess_inputs": _checked("postprocess_inputs", postprocess_inputs),
        "postprocess_output": _checked("postprocess_output", postprocess_output),
        "tracing_sample_rate": _checked_rate(tracing_sample_rate),
        "_code_capture_enabled": enable_code_capture,
        "_accumulator": _checked("accumulator", accumulator),
    }
    decorate = partial(_decorated, name, _own_attributes(attributes, kind, color), checked)
    return decorate if func is None else decorate(func)


def _decorated(
    name: str | None, attributes: Mapping[str, Any], options: dict[str, Any], function: Any
) -> Any:
    """Make an op of whatever the decorator stands on."""
    if is_instance(function, classmethod):
        return ClassOp(_decorated(name, attributes, options, function.__func__))
    if is_instance(function, staticmethod):
        return StaticOp(_decorated(name, attributes, options, function.__func__))
    if type(function) is BoundOp:
        return function
    if not callable(function):
        raise TypeError(f"weave.op needs something to call, not {type(function).__name__}")
    if _is_op_itself(function):
        function = function.resolve_fn
    if mentions_content(function):
        from weave_lite.trace.content_annotations import with_contents  # noqa: PLC0415 - few do

        options = with_contents(function, options)
    return _made(function, name, attributes, options)


def _is_op_itself(value: Any) -> bool:
    """Tell whether a value is an op, not a function around one that has its attributes."""
    if not is_op(value):
        return False
    fields = value.__dict__
    return value is fields["_weave_op_object"] or value is fields.get("_weave_wrapper")


def _checked_rate(rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise TypeError(f"tracing_sample_rate must be a number from 0 to 1, not {rate!r}")
    if not 0 <= rate <= 1:
        raise ValueError(f"tracing_sample_rate must be from 0 to 1, not {rate!r}")
    return rate


def _check_name(name: Any) -> None:
    if name is None:
        return
    if not is_instance(name, str):
        raise TypeError(f"name must be a text, not {type(name).__name__}")
    if not any(map(str.isalnum, name)):
        from weave_lite.core.names import clean_object_id  # noqa: PLC0415 - a name that is odd

        clean_object_id(name)


def _checked(option: str, function: Any) -> Any:
    if function is not None and not callable(function):
        raise TypeError(f"{option} must be a function, not {type(function).__name__}")
    return function


def _own_attributes(given: Any, kind: str | None, color: str | None) -> dict[str, Any]:
    try:
        attributes = dict(given or {})
    except (TypeError, ValueError):
        raise TypeError(
            f"attributes must be a dict such as {{'env': 'test'}}, not {type(given).__name__}"
        ) from None
    shown = {key: value for key, value in (("kind", kind), ("color", color)) if value is not None}
    if shown:
        automatic = attributes.get("weave")
        attributes["weave"] = {**(automatic if isinstance(automatic, dict) else {}), **shown}
    return attributes


def _checked_display_name(name: Any) -> Any:
    if not callable(name):
        if name is not None and not is_instance(name, str):
            raise TypeError(
                f"call_display_name must be a text or a function of the Call, not {type(name).__name__}"
            )
        return name
    count = _parameter_count(name)
    if count not in {None, 1}:
        raise DisplayNameFuncError(
            f"call_display_name must take exactly one parameter, the Call; it takes {count}"
        )
    return name


def _parameter_count(function: Any) -> int | None:
    """Count the parameters of a function; None when they are not known."""
    code = getattr(function, "__code__", None)
    if code is not None and not code.co_kwonlyargcount and not code.co_flags & 0x0C:
        return int(code.co_argcount - (getattr(function, "__self__", None) is not None))
    import inspect  # noqa: PLC0415 - plain functions do without it

    try:
        return len(inspect.signature(function).parameters)
    except (ValueError, TypeError):
        return None


def _made(
    function: Callable[..., Any],
    name: str | None,
    attributes: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Any:
    """Make the op of a function."""
    kind = kind_of(function)
    if kind == OpKind.ASYNC:
        wrapper = async_wrapper(function)
    elif kind == OpKind.SYNC:
        wrapper = sync_wrapper(function)
    else:
        wrapper = stream_wrapper(function)
    _dress(wrapper, function)
    state = wrapper.__dict__
    state.update(options)
    state.update(
        name=inferred_name(function) if name is None else name,
        ref=None,
        resolve_fn=function,
        _weave_op=True,
        _weave_spec=OpSpec(function, attributes),
        _weave_kind=kind,
        _weave_saved=None,
        _weave_call_bound=_call_bound,
        _tracing_enabled=True,
        _is_async=kind == OpKind.ASYNC,
        _is_generator=kind == OpKind.GENERATOR,
        _is_async_generator=kind == OpKind.ASYNC_GENERATOR,
        _on_input_handler=None,
        _on_output_handler=None,
        _on_finish_handler=None,
        _is_special=kind in {OpKind.SYNC, OpKind.ASYNC} and options["_accumulator"] is not None,
        get_captured_code=_refuse_captured_code,
    )
    made: Any = wrapper
    if is_method(function) or kind in {OpKind.GENERATOR, OpKind.ASYNC_GENERATOR}:
        made = OpObject(wrapper)
    state["_weave_op_object"] = made
    for handler in ("_on_input_handler", "_on_output_handler", "_on_finish_handler"):
        state[f"_set{handler}"] = partial(_set_handler, state, handler)
    state["call"] = partial(call, made)
    state["calls"] = partial(calls, made)
    state["__self__"] = made
    return made


def _dress(wrapper: Any, function: Any) -> None:
    """Make a wrapper look like its function."""
    for name in WRAPPER_ASSIGNMENTS:
        # Whatever is missing, or refuses to be read or set, stays the wrapper's.
        with suppress(Exception):
            setattr(wrapper, name, getattr(function, name))
    if not is_instance(function, FunctionType):
        wrapper.__name__ = wrapper.__qualname__ = name_of(function)
    else:
        wrapper.__dict__.update(function.__dict__)
    wrapper.__wrapped__ = function


def _set_handler(state: dict[str, Any], which: str, handler: Callable[..., Any]) -> None:
    if state[which] is not None:
        raise ValueError(f"{which[1:]} of op {state['name']!r} is set already; it can be set once")
    state[which] = handler
    if which != "_on_finish_handler":
        state["_is_special"] = True


def _refuse_captured_code() -> str:
    raise RuntimeError("only an op that was read from a ref has captured code")


# --- what can be done with an op ---


def is_op(value: Any) -> bool:
    """Tell whether a value is an op.

    Example:
        >>> is_op(print)
        False
    """
    try:
        fields = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return False
    return type(fields) is dict and fields.get("_weave_op") is True


def as_op(value: Any) -> Op[..., Any]:
    """Return the op that a value is, or that a bound method or partial holds.

    Raises:
        UsageError: There is none (also a ValueError).
    """
    found = value
    for _ in range(10):
        if is_op(found):
            return cast("Op[..., Any]", found.__dict__["_weave_op_object"])
        if is_instance(found, partial):
            found = found.func
        elif is_instance(found, MethodType | classmethod | staticmethod):
            found = found.__func__
        else:
            break
    raise _NotAnOpError(
        f"{type(value).__name__} {name_of(value)!r} is not an op; decorate the function with @weave.op"
    )


class _NotAnOpError(UsageError, ValueError):
    """A value is no op."""


def call(op: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Run an op and return its result and its Call.

    An exception of the function is not raised: the result is then None and ``call.exception`` set.

    Args:
        op: The op; ``my_op.call(...)`` gives it by itself.
        args: Arguments of the function.
        kwargs: Arguments of the function, and for the tracer ``__weave={"display_name": ...}``,
            ``__should_raise=True`` and ``__require_explicit_finish=True``.

    Returns:
        The pair, or for an async op a coroutine that gives it. For a generator op the result is
        the generator, and the call ends with it.

    Raises:
        OpCallError: The arguments do not fit the signature.
    """
    from weave_lite.trace.run_op import run_for_call  # noqa: PLC0415 - the rare way

    return run_for_call(as_op(op).__dict__, args, kwargs)


def _call_bound(op: Any, instance: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Run a bound op; upstream's form passes the object once more, as the first argument."""
    if args and type(args[0]) is type(instance):
        from weave_lite.trace.bind import plan_for  # noqa: PLC0415 - loaded with the first client

        passed = {name: value for name, value in kwargs.items() if name not in RESERVED}
        plan = plan_for(op.resolve_fn)
        # Another object of its class may be an argument like any other, where there is room for it.
        is_object = args[0] is instance or not plan.fits((instance, *args), passed)
        if is_object and plan.fits(args, passed):
            return call(op, *args, **kwargs)
    return call(op, instance, *args, **kwargs)


def calls(op: Any) -> CallsIter:
    """Read all calls of exactly this version of an op.

    Raises:
        WeaveInitError: No client is active.
        UsageError: The op was never saved (also a ValueError).
    """
    from weave_lite.trace.client_context import require_client  # noqa: PLC0415 - the rare way

    client = require_client()
    ref = op.ref
    if ref is None:
        raise _NotAnOpError(f"op {op.name!r} was never called or published, so it has no calls")
    return client.get_calls(filter={"op_names": [ref.uri()]})


def __getattr__(name: str) -> Any:
    if name in {"Op", "ProcessedInputs"}:
        from weave_lite.trace import op_protocol  # noqa: PLC0415 - types are rarely needed

        return getattr(op_protocol, name)
    if name == "BoundOp":
        return BoundOp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
