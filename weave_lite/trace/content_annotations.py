"""``Annotated[str, Content]`` on a parameter or result: it is recorded as a content.

The function gets and gives its plain values; only what is stored changes. Loaded for ops that
mention ``Content`` in an annotation, and for no others.
"""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from weave_lite.serialize.media.content import Content
from weave_lite.trace.guard import captured

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_contents"]

_RESULT = "return"


class _Wish(NamedTuple):
    """How a value is to be recorded: what is known of its type."""

    cls: type[Content]
    mimetype: str | None
    extension: str | None


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
    if wish is None or value is None or isinstance(value, Content):
        return value
    try:
        return wish.cls._from_guess(value, wish.mimetype, wish.extension)  # noqa: SLF001 - one feature
    except Exception as error:
        captured("Error making a Content of an annotated value, it is recorded as it is", error)
        return value


def _wishes_of(function: Any) -> dict[str, _Wish]:
    """Find the parameters, and ``return``, that are annotated with ``Content``."""
    found = {}
    for name, annotation in function.__annotations__.items():
        wish = _wish_in(_evaluated(annotation, function))
        if wish is not None:
            found[name] = wish
    return found


def _evaluated(annotation: Any, function: Any) -> Any:
    """Read an annotation that stands as text; one that names what is not there says nothing."""
    if type(annotation) is not str or "Content" not in annotation:
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
    origin = typing.get_origin(hint)
    if origin is typing.Union or origin is types.UnionType:
        return next(filter(None, map(_wish_in, typing.get_args(hint))), None)
    if origin is not Annotated:
        return None
    for mark in typing.get_args(hint)[1:]:
        cls = typing.get_origin(mark) or mark
        if isinstance(cls, type) and issubclass(cls, Content):
            kinds = [k for arg in typing.get_args(mark) for k in typing.get_args(arg) or (arg,)]
            kind = next((kind for kind in kinds if isinstance(kind, str)), None)
            is_mimetype = kind is not None and "/" in kind
            return _Wish(cls, kind if is_mimetype else None, None if is_mimetype else kind)
    return None
