"""Projects: the small integer that stands for a project id. They are made by the first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["list_projects", "project_pk"]

_SELECT = "SELECT pk FROM projects WHERE project_id = ?"
_INSERT = "INSERT INTO projects (project_id) VALUES (?) RETURNING pk"

# The newest call of each project is one step in the index of starts.
_LIST = (
    "SELECT p.project_id FROM projects AS p ORDER BY (SELECT max(c.started_at) FROM calls AS c"
    " WHERE c.project = p.pk AND c.started_at IS NOT NULL AND c.deleted_at IS NULL)"
    " DESC NULLS LAST, p.pk DESC"
)


def list_projects(conn: StoreConnection) -> list[str]:
    """List the project ids, the project of the newest call first."""
    return [row[0] for row in conn.raw.execute(_LIST)]


@overload
def project_pk(conn: StoreConnection, project_id: str, *, create: Literal[True]) -> int: ...
@overload
def project_pk(conn: StoreConnection, project_id: str, *, create: bool) -> int | None: ...


def project_pk(conn: StoreConnection, project_id: str, *, create: bool) -> int | None:
    """Return the integer of a project; with ``create``, make it if needed.

    Args:
        conn: A connection of a store, inside a write transaction when ``create`` is set.
        project_id: ``entity/project``.
        create: Make the project when there is none.

    Returns:
        The integer, or None when there is no such project.
    """
    state = conn
    pk = state.project_pks.get(project_id)
    if pk is None:
        row = state.raw.execute(_SELECT, (project_id,)).fetchone()
        if row is None:
            if not create:
                return None
            (row,) = state.raw.execute(_INSERT, (project_id,)).fetchall()
        pk = int(row[0])
        state.project_pks[project_id] = pk
    return pk
