"""What is loaded before a fork, because tracing loads it late. Knows names of modules only.

A module that another thread loads while this one forks stays locked in the child for ever: the
child would hang at its first op.
"""

from __future__ import annotations

# Hooks of forks run newest first: logging must come to rest after us, or a module that waits for its
# lock would never be loaded.
import logging  # noqa: F401
from importlib import import_module
from typing import Final

__all__ = ["load_late_modules"]

# What the first call of an op, a stream or an exception loads in the thread of the user. What the
# writing of records loads is loaded under the store's lock, which a fork waits for.
_LATE: Final = (
    "inspect",
    "traceback",
    "weave_lite.serialize.source.capture",
    "weave_lite.serialize.source.lookup",
    "weave_lite.serialize.source.stub",
    "weave_lite.trace.bind",
    "weave_lite.trace.exception_text",
    "weave_lite.trace.run_op",
)


def load_late_modules() -> None:
    """Load the modules; waits for threads that are loading them now."""
    for name in _LATE:
        import_module(name)
