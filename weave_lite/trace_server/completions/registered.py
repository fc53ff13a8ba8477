"""Models that are Python functions: for tests, and for models that run in this process."""

from __future__ import annotations

import threading
from typing import Any

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.completions.answer import Complete, checked, failure

__all__ = ["register_provider", "registered_provider", "unregister_provider"]

_lock = threading.Lock()
_functions: dict[str, Complete] = {}


def register_provider(name: str, function: Complete) -> None:
    """Let a Python function answer completions of a model.

    It takes precedence over all other providers. A function that is registered again under the
    same name replaces the first.

    Args:
        name: The model's name; or a prefix that ends with ``/``, for all models below it.
        function: Takes OpenAI's chat parameters as a dict (those that are not null) and returns a
            chat completion as a dict, or ``{"error": text}``. An exception is told as an error.

    Raises:
        InvalidRequest: The name is empty, or ``function`` cannot be called.

    Example:
        >>> register_provider(
        ...     "echo/",
        ...     lambda params: {"choices": [{"message": params["messages"][-1]}]},
        ... )
        >>> unregister_provider("echo/")
    """
    if not name or not callable(function):
        raise InvalidRequest(
            "register_provider needs the name of a model (or a prefix that ends with '/') and a "
            "function"
        )
    with _lock:
        _functions[name] = function


def unregister_provider(name: str) -> None:
    """Forget the function of a model; a name that is not registered is ignored."""
    with _lock:
        _functions.pop(name, None)


def registered_provider(model: str) -> Complete | None:
    """Find the function of a model: its own, else that of the longest prefix."""
    with _lock:
        names = [name for name in _functions if name == model or _is_prefix(name, model)]
        if not names:
            return None
        function = _functions[max(names, key=lambda name: (name == model, len(name)))]
    return _Guarded(function, model)


def _is_prefix(name: str, model: str) -> bool:
    return name.endswith("/") and model.startswith(name)


class _Guarded:
    """A function whose failures are answers."""

    def __init__(self, function: Complete, model: str) -> None:
        self._function = function
        self._source = f"the function registered for the model {model!r}"

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._function(params)
        except Exception as error:
            # It is the user's code: whatever it raises is the answer, and the call is stored.
            return failure(f"{self._source} raised {type(error).__name__}: {error}")
        return checked(answer, self._source)
