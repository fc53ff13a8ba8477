"""Calls made by hand: create, finish, fail, or all at once, with an op or just its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotSupportedError, UsageError
from weave_lite.trace import settings
from weave_lite.trace.call import Call
from weave_lite.trace.context import call_stack, push_call, tracing_enabled
from weave_lite.trace.guard import captured
from weave_lite.trace.op import is_op
from weave_lite.trace.op import op as make_op
from weave_lite.trace.tracer import placeholder, tracer_of

if TYPE_CHECKING:
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["create_call", "fail_call", "finish_call", "log_call"]


def create_call(
    client: WeaveClient,
    op: Any,
    inputs: Mapping[str, Any],
    parent: Call | None = None,
    attributes: Mapping[str, Any] | None = None,
    display_name: Any = None,
    *,
    use_stack: bool = True,
) -> Call:
    """Record the start of a call.

    Args:
        client: Where to record it.
        op: An op, or a name: an op of that name is then made and saved.
        inputs: Dict of argument name to value.
        parent: The calling call; by default the current one, if the stack is used.
        attributes: Go over those of the context.
        display_name: A text, or a function of the Call.
        use_stack: Whether the call becomes the current one until it is finished.

    Returns:
        The call; one without id when tracing is disabled.

    Raises:
        UsageError: ``op`` is neither an op nor a name, ``inputs`` or ``attributes`` is no dict, or
            ``parent`` no Call.
    """
    if not isinstance(inputs, Mapping):
        raise UsageError(f"inputs must be a dict of argument name to value, not {inputs!r:.100}")
    if attributes is not None and not isinstance(attributes, Mapping):
        raise UsageError(f"attributes must be a dict of name to value, not {attributes!r:.100}")
    if parent is not None and not isinstance(parent, Call):
        raise UsageError(f"parent must be a Call, such as client.get_call(id), not {parent!r:.100}")
    named = {str(name): value for name, value in inputs.items()}
    options = _options_of(client, op)
    if not tracing_enabled.get() or settings.current().disabled:
        return placeholder(named)
    if parent is None and use_stack:
        stack = call_stack.get()
        parent = None if stack is None else stack[0]
    if parent is not None and parent.id is None:
        parent = None
    try:
        call = tracer_of(client).begin(options, named, parent, display_name, attributes)
    except UsageError:
        raise
    except Exception as error:
        captured("Error creating call", error)
        return placeholder(named)
    if use_stack:
        push_call(call)
    return call


def finish_call(
    client: WeaveClient,
    call: Call,
    output: Any = None,
    exception: BaseException | None = None,
    *,
    op: Any = None,
) -> None:
    """Record the end of a call and take it off the stack. A call without id is left alone.

    Args:
        client: Where to record it.
        call: The call.
        output: What it gave.
        exception: What it raised.
        op: Apply the postprocessing of this op.

    Raises:
        UsageError: ``call`` is no Call, ``exception`` no exception, or ``op`` neither an op nor a name.
    """
    if not isinstance(call, Call):
        raise UsageError(f"call must be a Call, such as create_call gives, not {call!r:.100}")
    if exception is not None:
        _check_exception(exception)
    if call.id is None:
        return
    options = _options_of(client, op) if op is not None else None
    tracer_of(client).end(call, options, output, exception)


def fail_call(client: WeaveClient, call: Call, exception: BaseException) -> None:
    """Record that a call ended with an exception.

    Raises:
        UsageError: ``call`` is no Call, or ``exception`` no exception.
    """
    _check_exception(exception)
    finish_call(client, call, exception=exception)


def log_call(
    client: WeaveClient,
    op: Any,
    inputs: Mapping[str, Any],
    output: Any = None,
    *,
    parent: Call | None = None,
    attributes: Mapping[str, Any] | None = None,
    display_name: Any = None,
    use_stack: bool = True,
    exception: BaseException | None = None,
) -> Call:
    """Record a call that is over already: its start and its end at once.

    Args:
        client: Where to record it.
        op: An op, or the name of one.
        inputs: Dict of argument name to value.
        output: What it gave.
        parent: The calling call; by default the current one, if the stack is used.
        attributes: Go over those of the context.
        display_name: A text, or a function of the Call.
        use_stack: Whether the current call is the parent when none is given.
        exception: What it raised.

    Returns:
        The call; one without id when tracing is disabled.

    Raises:
        UsageError: An argument does not fit.
    """
    if exception is not None:
        _check_exception(exception)
    call = create_call(client, op, inputs, parent, attributes, display_name, use_stack=use_stack)
    finish_call(client, call, output, exception)
    return call


def _check_exception(given: Any) -> None:
    if not isinstance(given, BaseException):
        raise UsageError(
            f"exception must be an exception, such as ValueError('...'), not {given!r:.100}"
        )


def _options_of(client: WeaveClient, given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        ops = client.__dict__.setdefault("_anonymous_ops", {})
        if given not in ops:
            ops[given] = _anonymous_op(given)
        given = ops[given]
    elif not is_op(given) and is_op(getattr(given, "__func__", None)):
        given = given.__func__
    elif not is_op(given) and getattr(given, "ref", None) is not None:
        # An op that was read from a store: its calls go under its own version.
        stored = _anonymous_op(given.ref.name)
        stored.__dict__["_weave_op_object"] = given
        given = stored
    if not is_op(given):
        raise UsageError(f"op must be an op or the name of one, not {given!r:.100}")
    return given.__dict__  # type: ignore[no-any-return]


def _anonymous_op(name: str) -> Any:
    def anonymous(*args: Any, **kwargs: Any) -> Any:
        del args, kwargs
        raise NotSupportedError(
            f"op {name!r} is only a name for calls made by hand; it has no code"
        )

    return make_op(anonymous, name=name, enable_code_capture=False)
