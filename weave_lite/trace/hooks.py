"""What users hang into the life of a call: postprocessing, display names, finish handlers.

A hook that fails is logged once and never stops the call from being recorded and ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import UsageError
from weave_lite.core.names import MAX_DISPLAY_NAME_LENGTH
from weave_lite.serialize.redact import REDACTED, SENSITIVE_KEYS
from weave_lite.trace.guard import captured
from weave_lite.trace.personal_data import without_personal_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace.call import Call

__all__ = [
    "described",
    "for_all_ops",
    "named",
    "print_link",
    "prints_no_links",
    "processed_inputs",
    "processed_output",
    "set_for_all_ops",
    "without_secrets",
]


# Whether calls of this context are nobody's to look at: those that run in the background.
prints_no_links: ContextVar[bool] = ContextVar("prints_no_links", default=False)


class _ForAllOps:
    """What ``init`` sets for all ops of the process."""

    def __init__(self) -> None:
        self.attributes: Mapping[str, Any] = {}
        self.postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.postprocess_output: Callable[[Any], Any] | None = None


for_all_ops = _ForAllOps()


def set_for_all_ops(
    *,
    attributes: Mapping[str, Any] | None,
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None,
    postprocess_output: Callable[[Any], Any] | None,
) -> None:
    """Set what applies to all ops; None removes an earlier value.

    Raises:
        UsageError: The attributes are no dict, or the others no functions.
    """
    if attributes is not None and not isinstance(attributes, Mapping):
        raise UsageError(
            f"global_attributes must be a dict such as {{'env': 'test'}}, not {type(attributes).__name__}"
        )
    hooks = {"inputs": postprocess_inputs, "output": postprocess_output}
    for name, hook in hooks.items():
        if hook is not None and not callable(hook):
            raise UsageError(
                f"global_postprocess_{name} must be a function, not {type(hook).__name__}"
            )
    for_all_ops.attributes = {str(key): value for key, value in (attributes or {}).items()}
    for_all_ops.postprocess_inputs = postprocess_inputs
    for_all_ops.postprocess_output = postprocess_output


def processed_inputs(options: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """Apply the op's, then the process's postprocessing of inputs; ``{}`` when one fails.

    Secrets are taken out first, so that no hook can copy them under another name.
    """
    try:
        inputs = without_secrets(inputs)
        for hook in (options["postprocess_inputs"], for_all_ops.postprocess_inputs):
            if hook is not None:
                inputs = hook(inputs)
        if not isinstance(inputs, dict):
            raise TypeError(f"postprocess_inputs must return a dict, not {type(inputs).__name__}")
    except Exception as error:
        captured("Error in postprocess_inputs, the call is recorded without inputs", error)
        return {}
    return inputs


def without_secrets(value: Any, _copies: dict[int, Any] | None = None) -> Any:
    """Copy dicts, lists and tuples, at any depth, with the values of sensitive keys replaced.

    Anything else is not looked into and stays the same object.

    Example:
        >>> without_secrets({"api_key": "s", "rows": [{"Authorization": "t", "n": 1}]})
        {'api_key': 'REDACTED', 'rows': [{'Authorization': 'REDACTED', 'n': 1}]}
    """
    kind = type(value)
    if kind is not dict and kind is not list and kind is not tuple:
        return value
    copies = {} if _copies is None else _copies
    if id(value) in copies:
        return copies[id(value)]
    if kind is dict:
        record: dict[Any, Any] = {}
        copies[id(value)] = record
        for key, item in value.items():
            is_secret = type(key) is str and key.lower() in SENSITIVE_KEYS
            record[key] = REDACTED if is_secret else without_secrets(item, copies)
        return record
    items: list[Any] = []
    copies[id(value)] = items
    items.extend(without_secrets(item, copies) for item in value)
    return items if kind is list else tuple(items)


def processed_output(
    call: Call, options: dict[str, Any] | None, output: Any, error: BaseException | None
) -> Any:
    """Apply the op's, then the process's postprocessing of the output; None when one fails.

    Then the finish handler sees the call with all its values.
    """
    processed = output
    own = options["postprocess_output"] if options is not None else None
    if error is None and (own is not None or for_all_ops.postprocess_output is not None):
        try:
            for hook in (own, for_all_ops.postprocess_output):
                if hook is not None:
                    processed = hook(processed)
        except Exception as failure:
            processed = None
            captured("Error in postprocess_output, the call is recorded without output", failure)
    if options is not None and options["_on_finish_handler"] is not None:
        call.output = processed
        call.summary = call.summary
        try:
            options["_on_finish_handler"](call, output, error)
        except Exception as failure:
            captured("Error in a finish handler", failure)
        processed = call.output
    return processed


def named(call: Call, name: str | Callable[[Call], str]) -> str | None:
    """Set a call's display name, given as text or as a function of the call; return the text."""
    if callable(name):
        try:
            name = name(call)
        except Exception as error:
            captured("Error in call_display_name", error)
            return None
    if not isinstance(name, str):
        captured(
            "Error in call_display_name",
            TypeError(f"the name must be a text, not {name!r:.{MAX_DISPLAY_NAME_LENGTH}}"),
        )
        return None
    call.display_name = name
    return call._display_name  # type: ignore[return-value]  # noqa: SLF001 - a text by now


def described(error: BaseException) -> str:
    """Write an exception as a record's text."""
    from weave_lite.trace.exception_text import exception_text  # noqa: PLC0415 - only on errors

    try:
        return without_personal_data(exception_text(error), is_json=True)
    except Exception as failure:
        captured("Error describing an exception", failure)
        return f'{{"type":"{type(error).__name__}","message":""}}'


def print_link(call: Call) -> None:
    """Show where a root call can be looked at."""
    if prints_no_links.get():
        return
    import sys  # noqa: PLC0415 - only when asked for

    sys.stderr.write(f"🍩 {call.ui_url}\n")
