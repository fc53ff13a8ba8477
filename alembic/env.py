"""How alembic reaches a store: by the connection of an upgrade, or by ``-x db=PATH`` by hand.

The caller of an upgrade owns the transaction. By hand: ``alembic -x db=weave.db current``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import context
from weave_lite.trace_server.store.connections import connect
from weave_lite.trace_server.store.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _run(connection: Connection) -> None:
    # Tables are rebuilt where SQLite cannot alter them.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Run the revisions on the connection of the caller, else on the file named by ``-x db=``."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    place = context.get_x_argument(as_dictionary=True).get("db", ":memory:")
    opened = connect(place if place == ":memory:" else str(Path(place).absolute()))
    try:
        _run(opened.core)
    finally:
        opened.close()


main()
