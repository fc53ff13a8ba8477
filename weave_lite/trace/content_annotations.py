"""``Annotated[str, Content]`` on a parameter or result: it is recorded as a content.

The function gets and gives its plain values; only what is stored changes. ``File`` and ``Audio``
say the same. Loaded for ops that mention one of them in an annotation, and for no others.
"""

from __future__ import annotations

import types
import typing
from collections import abc
from inspect import CO_VARARGS, CO_VARKEYWORDS
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from weave_lite.serialize.media.audio import Audio
from weave_lite.serialize.media.content import Content
from weave_lite.trace.guard import captured

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_contents"]

_RESULT = "return"
_WORDS: Final = ("Content", "File", "Audio")
_STREAMS: Final = frozenset(
    {abc.Iterator, abc.Iterable, abc.Generator, abc.AsyncIterator, abc.AsyncIterable, abc.AsyncGenerator}
)  # fmt: skip
_SERIES: Final = _STREAMS | {list, tuple, set, frozenset, abc.Sequence, abc.Collection}
_MAPPINGS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})


class _Wish(NamedTuple):
    """How a value is to be recorded.

    Args:
        cls: As what.
        mimetype: What is known of its type.
        extension: The same, as an extension.
        is_each: Every part of the value by itself: of a series, or of what a stream gives.
        is_joined: What a stream gives, as one.
    """

    cls: type[Content | Audio]
    mimetype: str | None
    extension: str | None
    is_each: bool = False
    is_joined: bool = False


def with_contents(function: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of an op, with hooks that record what its annotations say.

    Args:
        function: The function.
        options: The options as given; their own hooks come after.
    """
    known: dict[str, _Wish] = {}
    is_known = False

    def wishes() -> dict[str, _Wish]:
        # Late: an annotation may name what stands below the function.
        nonlocal known, is_known
        if not is_known:
            known, is_known = _wishes_of(function), True
        return known

    def inputs_hook(inputs: dict[str, Any]) -> dict[str, Any]:
        recorded = {
            name: _recorded(value, wishes().get(name) if name != _RESULT else None)
            for name, value in inputs.items()
        }
        own: Callable[[dict[str, Any]], dict[str, Any]] | None = options["postprocess_inputs"]
        return recorded if own is None else own(recorded)

    def output_hook(output: Any) -> Any:
        recorded = _recorded(output, wishes().get(_RESULT))
        own: Callable[[Any], Any] | None = options["postprocess_output"]
        return recorded if own is None else own(recorded)

    return {**options, "postprocess_inputs": inputs_hook, "postprocess_output": output_hook}


def _recorded(value: Any, wish: _Wish | None) -> Any:
    if wish is None:
        return value
    if wish.is_each and isinstance(value, list | tuple | set | frozenset):
        return [_made(part, wish) for part in value]
    if wish.is_each and isinstance(value, dict):
        return {key: _made(part, wish) for key, part in value.items()}
    if wish.is_joined and isinstance(value, list) and value:
        return _made(_joined(value), wish)
    return _made(value, wish)


def _made(value: Any, wish: _Wish) -> Any:
    if value is None or isinstance(value, Content | Audio):
        return value
    try:
        return wish.cls._from_guess(value, wish.mimetype, wish.extension)  # noqa: SLF001 - one feature
    except Exception as error:
        captured("Error making a Content of an annotated value, it is recorded as it is", error)
        return value


def _joined(parts: list[Any]) -> Any:
    """Put the pieces of a stream together, where they are all bytes or all texts."""
    for kind in (bytes, str):
        if all(isinstance(part, kind) for part in parts):
            return kind().join(parts)
    return parts


def _wishes_of(function: Any) -> dict[str, _Wish]:
    """Find the parameters, and ``return``, that are annotated with one of the types."""
    found = {}
    many = _names_of_many(function.__code__)
    for name, annotation in function.__annotations__.items():
        wish = _wish_in(_evaluated(annotation, function))
        if wish is not None:
            found[name] = wish._replace(is_each=True) if name in many else wish
    return found


def _names_of_many(code: types.CodeType) -> list[str]:
    """Name the parameters that take any number of arguments."""
    count = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    first = code.co_argcount + code.co_kwonlyargcount
    return list(code.co_varnames[first : first + count])


def _evaluated(annotation: Any, function: Any) -> Any:
    """Read an annotation that stands as text; one that names what is not there says nothing."""
    if type(annotation) is not str or not any(word in annotation for word in _WORDS):
        return annotation
    inside = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    try:
        # One by one, as ``typing`` gives up on all when it cannot read one of them.
        return eval(  # noqa: S307 - the user's own source, as typing.get_type_hints does
            annotation, function.__globals__, {n: cell.cell_contents for n, cell in inside}
        )
    except Exception:
        return None


def _wish_in(hint: Any) -> _Wish | None:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return next(filter(None, map(_wish_in, args)), None)
    if origin is Annotated:
        wish = next(filter(None, map(_wish_of_mark, args[1:])), None)
        is_stream = typing.get_origin(args[0]) in _STREAMS or args[0] in _STREAMS
        return wish and wish._replace(is_joined=is_stream)
    if not args or not (origin in _SERIES or origin in _MAPPINGS):
        return None
    part = _wish_in(args[1 if origin in _MAPPINGS else 0])
    return part and part._replace(is_each=True)


def _wish_of_mark(mark: Any) -> _Wish | None:
    cls = typing.get_origin(mark) or mark
    if not isinstance(cls, type) or not issubclass(cls, Content | Audio):
        return None
    kinds = [k for arg in typing.get_args(mark) for k in typing.get_args(arg) or (arg,)]
    kind = next((kind for kind in kinds if isinstance(kind, str)), None)
    is_mimetype = kind is not None and "/" in kind
    return _Wish(cls, kind if is_mimetype else None, None if is_mimetype else kind)
