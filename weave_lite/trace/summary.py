"""The client's part of a call's summary: usage of models and counts of outcomes.

A call without children takes usage from its output; one with children sums theirs. Only running
totals are kept, never a list of children.
"""

from __future__ import annotations

from _thread import RLock
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import MISSING, class_attribute, instance_fields

if TYPE_CHECKING:
    from weave_lite.trace.call import Call

__all__ = ["add_child", "add_counts", "complete", "merged", "usage_of"]

# Children may end in several threads at once. Reentrant, because a generator may be collected, and
# so end its call, at any moment.
_lock = RLock()

# A summary may have what user code puts in, also a dict that holds itself.
_MAX_LEVELS = 50

# Values of these types have no usage; everything else is asked for it. By id, because a metaclass
# may refuse to be hashed or compared.
_PLAIN = frozenset(map(id, (type(None), bool, int, float, str, bytes, list, tuple, set, frozenset)))


def usage_of(output: Any) -> dict[str, Any] | None:
    """Read model and usage from an output: a dict with both keys or an object with both attributes.

    Returns:
        ``{model: {"requests": 1, **usage}}``, or None.

    Example:
        >>> usage_of({"model": "m", "usage": {"total_tokens": 3}})
        {'m': {'requests': 1, 'total_tokens': 3}}
    """
    kind = type(output)
    if id(kind) in _PLAIN:
        return None
    try:
        if issubclass(kind, dict):
            if not (dict.__contains__(output, "usage") and dict.__contains__(output, "model")):
                return None
            usage, model = output["usage"], output["model"]
        elif _has(output, "usage") and _has(output, "model"):
            usage, model = output.usage, output.model
        else:
            return None
        if isinstance(model, str) and not isinstance(usage, dict):
            usage = usage.model_dump(exclude_unset=True)
    except KeyboardInterrupt:
        raise
    except BaseException:  # an arbitrary object of the user, asked on the chance
        return None
    if not isinstance(model, str) or not isinstance(usage, dict):
        return None
    return {str(model): {"requests": 1, **usage}}


def _has(value: Any, name: str) -> bool:
    """Tell whether an object has an attribute that is not made up when asked for."""
    return name in instance_fields(value) or class_attribute(type(value), name) is not MISSING


def merged(values: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a dict with another put over it, deeply.

    Example:
        >>> merged({"usage": {"m": {"a": 1}}, "mine": 2}, {"usage": {"m": {"b": 3}}})
        {'usage': {'m': {'a': 1, 'b': 3}}, 'mine': 2}
    """
    result = dict(values)
    for key, value in over.items():
        old = result.get(key)
        result[key] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return result


def _add(into: dict[str, Any], values: dict[str, Any], above: tuple[int, ...] = ()) -> None:
    """Add numbers leaf by leaf; what cannot be added, and what is too deep, is left out."""
    above = (*above, id(values))
    for key, value in list(values.items()):
        if isinstance(value, dict):
            if id(value) in above or len(above) > _MAX_LEVELS:
                continue
            below = into.setdefault(key, {})
            if isinstance(below, dict):
                _add(below, value, above)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            old = into.get(key, 0)
            if isinstance(old, int | float):
                into[key] = old + value


def add_child(parent: Call, child: Call, summary: dict[str, Any] | None) -> None:
    """Add a finished child to its parent's totals.

    Args:
        parent: The live parent.
        child: The finished child, whose counts include its descendants.
        summary: What its summary holds besides the counts, or None.
    """
    add_counts(parent, child._successes, child._errors, summary)  # noqa: SLF001


def add_counts(parent: Call, successes: int, errors: int, summary: dict[str, Any] | None) -> None:
    """Add to a live call's totals what something below it comes to.

    Args:
        parent: The live call.
        successes: How many calls below it ended well.
        errors: How many did not.
        summary: What their summaries hold besides the counts, or None.
    """
    parent._successes += successes  # noqa: SLF001
    parent._errors += errors  # noqa: SLF001
    if summary:
        with _lock:
            totals = parent._totals  # noqa: SLF001
            if totals is None:
                totals = parent._totals = {}  # noqa: SLF001
            _add(totals, summary)


def complete(call: Call, output: Any) -> dict[str, Any] | None:
    """Count a call that ends, and work out its summary besides the counts.

    Args:
        call: The call; its counts then include itself.
        output: Its output before postprocessing.

    Returns:
        The summary without ``status_counts``; None when there is nothing in it.
    """
    has_children = call._successes or call._errors  # noqa: SLF001
    computed = call._totals if has_children else None  # noqa: SLF001
    if call.exception is None:
        call._successes += 1  # noqa: SLF001
    else:
        call._errors += 1  # noqa: SLF001
    if not has_children and id(type(output)) not in _PLAIN:
        usage = usage_of(output)
        if usage is not None:
            computed = {"usage": usage}
    own = call._summary  # noqa: SLF001
    if own:
        own = dict(own) if isinstance(own, dict) else {}
        own.pop("status_counts", None)
        return merged(own, computed or {})
    return computed
