"""Which calls a test asks for: by op, and by some of the inputs. Knows no store."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidNameError, UsageError
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import ObjectRef
from weave_lite.serialize.registry import is_op
from weave_lite.testing.call_lines import shown
from weave_lite.trace.values.origin import ref_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from weave_lite.trace.call import Call

__all__ = ["has_inputs", "is_of", "name_of", "near_names", "unlike_inputs"]

_URI = "weave:///"
_MISSING = object()


def name_of(op: Any) -> str:
    """Tell what to look for: the name of an op, or the text itself.

    Raises:
        UsageError: It is neither an op nor a text.
    """
    if isinstance(op, str) and op:
        return op
    if is_op(op):
        return str(op.name)
    raise UsageError(
        f"op must be an op, the name of one or its URI, not {op!r}; decorate the function with "
        "@weave.op to have its calls traced"
    )


def is_of(call: Call, name: str) -> bool:
    """Tell whether a call is of an op.

    Args:
        call: The call.
        name: A name, of a method also without its class; or a URI, which may end in ``:*``.
    """
    if name.startswith(_URI):
        return call.op_name.startswith(name[:-1]) if name.endswith(":*") else call.op_name == name
    found = call.func_name
    # Spans from elsewhere keep any name, ops are stored under a clean one.
    names = [name, _clean(name)]
    return found in names or any(found.endswith(f".{each}") for each in names)


def _clean(name: str) -> str:
    try:
        return clean_object_id(name)
    except InvalidNameError:
        return name


def has_inputs(call: Call, inputs: Mapping[str, Any] | None) -> bool:
    """Tell whether a call has these inputs, whatever others it has."""
    return not inputs or not unlike_inputs(call, inputs)


def unlike_inputs(call: Call, inputs: Mapping[str, Any]) -> list[str]:
    """Say for each wanted input that a call does not have, what it has in its place."""
    found = call.inputs
    said = []
    for key, wanted in inputs.items():
        value = found.get(key, _MISSING)
        if value is _MISSING:
            said.append(f"has no input {key!r}")
        elif not _is_equal(value, wanted):
            said.append(f"{key} is {shown(value)}, not {shown(wanted)}")
    return said


def near_names(name: str, calls: Iterable[Call]) -> list[str]:
    """Names of traced ops that somebody may have meant."""
    # Of a method the class may be left out.
    full = {
        part: call.func_name
        for call in calls
        for part in (call.func_name.rpartition(".")[2], call.func_name)
    }
    short = name.rpartition("/")[2].partition(":")[0]
    return list(dict.fromkeys(full[near] for near in get_close_matches(short, full)))


def _is_equal(found: Any, wanted: Any) -> bool:
    """Compare a stored value with a live one; whatever goes wrong in it, they are not equal."""
    try:
        # The wanted value decides: it may be `mock.ANY` or `pytest.approx(...)`.
        same = wanted == found
        if not isinstance(same, bool) and hasattr(same, "all"):
            same = same.all()
        return bool(same) or _is_stored_as(found, wanted)
    except Exception:
        return False


def _is_stored_as(found: Any, wanted: Any) -> bool:
    """Objects are stored as refs, tuples and sets as lists."""
    if isinstance(found, ObjectRef):
        return found == ref_of(wanted) or bool(wanted == found.get())
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(_is_equal(found[key], value) for key, value in wanted.items())
        )
    if not isinstance(found, list):
        return False
    if isinstance(wanted, set | frozenset):
        return len(found) == len(wanted) and wanted == set(found)
    return (
        isinstance(wanted, tuple | list)
        and len(found) == len(wanted)
        and all(map(_is_equal, found, wanted))
    )
