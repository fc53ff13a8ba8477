"""The one engine of SQLAlchemy Core: it compiles and wraps, and serves all stores.

Loaded with the first query that is built of expressions. Transactions are the store's: the driver's
own connection sends BEGIN and COMMIT, SQLAlchemy never does.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from weave_lite.trace_server.query import functions

if TYPE_CHECKING:
    import sqlite3

__all__ = ["core_connection"]

_handing_over = threading.local()


def core_connection(raw: sqlite3.Connection) -> Connection:
    """Wrap an open connection of the driver, and make the functions of queries known to it."""
    functions.register(raw)
    _handing_over.raw = raw
    return _engine().connect()


@cache
def _engine() -> Engine:
    return create_engine(
        "sqlite://",
        creator=lambda: _handing_over.raw,
        poolclass=NullPool,
        # A store that is dropped without being closed closes the driver's connection first.
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
    )
