"""Makes the op that stands in for a function of a library.

What differs between libraries comes as a ``Way``. Must not know any library.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from weave_lite.integrations.library_stream import (
    Tap,
    mark,
    of_own_class,
    take_tap,
    tapped,
    tapped_when_entered,
)
from weave_lite.serialize.redact import REDACTED
from weave_lite.trace.client_context import active
from weave_lite.trace.context import tracing_enabled
from weave_lite.trace.guard import captured
from weave_lite.trace.op import op
from weave_lite.trace.op_protocol import ProcessedInputs
from weave_lite.trace.stream import Stream
from weave_lite.trace.traced_iterator import is_iterator

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.integrations.autopatch import Wishes

__all__ = ["Collected", "Way", "library_op"]

_SENTINELS = frozenset({"NotGiven", "Omit"})
_HEADERS = frozenset({"extra_headers", "headers"})
_EXTRAS = frozenset({"extra_headers", "extra_query", "extra_body"})
# What the libraries call the key in a header.
_KEY_HEADERS = frozenset({"api-key", "x-api-key"})
_COROUTINE = 0x80
_OWN_HEADER = "x-stainless-"


class Collected(Protocol):
    """What a stream gave so far."""

    def add(self, item: Any) -> None:
        """Take an item."""

    def output(self) -> Any:
        """Return what to record; None when nothing came."""


class Way(NamedTuple):
    """How calls of a function are recorded.

    Args:
        is_async: Whether it gives a coroutine.
        record: Makes what is recorded of what it gives, unless that is a stream.
        collect: Makes what collects the items of a stream.
        is_manager: Whether it gives a context manager that opens the stream.
        asks_usage: Changes the arguments so that the stream tells what it used; None when it will
            anyway.
        hides: Tells which items are there only because of that.
    """

    is_async: bool = False
    record: Callable[[Any], Any] | None = None
    collect: Callable[[], Collected] | None = None
    is_manager: bool = False
    asks_usage: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    hides: Callable[[Any], bool] | None = None


def library_op(original: Any, name: str, way: Way, wishes: Wishes) -> Any:
    """Make an op of a library's function.

    Args:
        original: The function; a method takes the object as ``self``.
        name: Name of the op, unless the user wishes another one.
        way: How its calls are recorded.
        wishes: What the user wants.
    """
    made: Any = op(
        _standing_in(original, way),
        name=wishes.name or name,
        call_display_name=wishes.call_display_name,
        postprocess_inputs=wishes.postprocess_inputs,
        postprocess_output=wishes.postprocess_output,
        # It is the library's, and long.
        enable_code_capture=False,
    )
    made._set_on_input_handler(_on_input)  # noqa: SLF001 - the documented hook
    made._set_on_output_handler(_output_handler(way))  # noqa: SLF001
    return made


# --- the function ---


def _standing_in(original: Any, way: Way) -> Any:
    """Make a function that is called in place of the original one."""
    if way.is_async:

        @wraps(original)
        async def called_async(*args: Any, **kwargs: Any) -> Any:
            kwargs, tap = _prepared(kwargs, way)
            result = await original(*args, **kwargs)
            return result if tap is None else _read_through(result, tap)

        return called_async

    @wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        kwargs, tap = _prepared(kwargs, way)
        result = original(*args, **kwargs)
        return result if tap is None else _read_through(result, tap)

    return called


def _prepared(kwargs: dict[str, Any], way: Way) -> tuple[dict[str, Any], Tap | None]:
    """Return the arguments for the library, and a tap if it is to give a stream."""
    if way.collect is None or not kwargs.get("stream"):
        return kwargs, None
    if active.tracer is None or not tracing_enabled.get():
        return kwargs, None
    asked = None if way.asks_usage is None else way.asks_usage(kwargs)
    if asked is None:
        return kwargs, Tap()
    return asked, Tap(way.hides)


def _read_through(result: Any, tap: Tap) -> Any:
    """Let a stream be read through a tap, also one that is still to be parsed from a response."""
    try:
        if hasattr(result, "_iterator"):
            result = tapped(result, tap)
        elif _is_raw(result):
            _tap_when_parsed(result, tap)
        else:
            return result
        mark(result, tap)
    except Exception as error:
        captured("Error recording a stream", error)
    return result


def _is_raw(result: Any) -> bool:
    """Tell whether it is an answer that the user wants to parse."""
    return hasattr(result, "http_response") and hasattr(result, "parse")


def _tap_when_parsed(raw: Any, tap: Tap) -> None:
    parse = raw.parse
    doubles: list[Any] = []

    def double(stream: Any) -> Any:
        doubles.append(tapped(stream, tap) if hasattr(stream, "_iterator") else stream)
        return doubles[0]

    def parse_once(*args: Any, **kwargs: Any) -> Any:
        return doubles[0] if doubles else double(parse(*args, **kwargs))

    async def parse_once_async(*args: Any, **kwargs: Any) -> Any:
        return doubles[0] if doubles else double(await parse(*args, **kwargs))

    is_async = getattr(getattr(parse, "__code__", None), "co_flags", 0) & _COROUTINE
    raw.parse = parse_once_async if is_async else parse_once


# --- what is recorded ---


def _on_input(made: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ProcessedInputs:
    return ProcessedInputs(args, kwargs, args, kwargs, _inputs_of(made, args, kwargs))


def _inputs_of(made: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Name the arguments that were given; the client and its marks for "not given" are left out."""
    inputs: dict[str, Any] = {}
    if args:
        import inspect  # noqa: PLC0415 - most arguments come by name

        names = [
            *inspect.signature(made.resolve_fn).parameters,
            *(f"argument_{index}" for index in range(len(args))),
        ]
        inputs = {name: value for name, value in zip(names, args, strict=False) if name != "self"}
    for name, value in kwargs.items():
        if type(value).__name__ in _SENTINELS or (value is None and name in _EXTRAS):
            continue
        if name in _HEADERS and isinstance(value, dict):
            headers = _shown_headers(value)
            if headers:
                inputs[name] = headers
        else:
            inputs[name] = value
    return inputs


def _shown_headers(headers: dict[Any, Any]) -> dict[Any, Any]:
    return {
        name: REDACTED if str(name).lower() in _KEY_HEADERS else value
        for name, value in headers.items()
        if not str(name).lower().startswith(_OWN_HEADER)
    }


def _output_handler(way: Way) -> Callable[[Any, Callable[..., None], dict[str, Any]], Any]:
    def on_output(value: Any, finish: Callable[..., None], inputs: dict[str, Any]) -> Any:
        del inputs
        tap = take_tap(value)
        if tap is not None and way.collect is not None:
            tap.stream = _open_call(way.collect(), finish)
        elif way.is_manager and way.collect is not None:
            tapped_when_entered(value, _open_call(way.collect(), finish))
        elif way.collect is not None and is_iterator(value):
            return of_own_class(value, _open_call(way.collect(), finish))
        else:
            finish(_recorded(value, way), None)
        return value

    return on_output


def _open_call(collected: Collected, finish: Callable[..., None]) -> Stream:
    def accumulate(state: Any, item: Any) -> Any:
        del state
        collected.add(item)

    def end(state: Any, error: BaseException | None) -> None:
        del state
        try:
            output = collected.output()
        except Exception as failure:
            captured("Error collecting a stream", failure)
            output = None
        finish(output, error)

    return Stream(None, end, accumulate)


def _recorded(value: Any, way: Way) -> Any:
    """Return what to record of an answer; of one that the user parses, its body if it is there."""
    if _is_raw(value):
        try:
            return value.http_response.json()
        except Exception:  # it is still to be read, or it is no JSON
            return value
    try:
        return value if way.record is None else way.record(value)
    except Exception as error:
        captured("Error recording an answer", error)
        return value
