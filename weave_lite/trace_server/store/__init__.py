"""The only package that executes SQL; every function takes a connection first.

Its modules are loaded when first used: those that read build statements with SQLAlchemy, which a
program that only traces does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weave_lite.trace_server.store import annotation_specs as annotation_specs
    from weave_lite.trace_server.store import calls_read as calls_read
    from weave_lite.trace_server.store import calls_write as calls_write
    from weave_lite.trace_server.store import costs as costs
    from weave_lite.trace_server.store import costs_query as costs_query
    from weave_lite.trace_server.store import encoded as encoded
    from weave_lite.trace_server.store import feedback as feedback
    from weave_lite.trace_server.store import feedback_query as feedback_query
    from weave_lite.trace_server.store import files as files
    from weave_lite.trace_server.store import objects as objects
    from weave_lite.trace_server.store import objects_query as objects_query
    from weave_lite.trace_server.store import path_indexes as path_indexes
    from weave_lite.trace_server.store import projects as projects
    from weave_lite.trace_server.store import refs as refs
    from weave_lite.trace_server.store import rows_read as rows_read
    from weave_lite.trace_server.store import sync_journal as sync_journal
    from weave_lite.trace_server.store import tables as tables

_MODULES = frozenset(
    "annotation_specs calls_read calls_write costs costs_query encoded feedback feedback_query files objects objects_query"
    " path_indexes projects refs rows_read sync_journal tables".split()
)


def __getattr__(name: str) -> Any:
    """Load a module of the package."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
