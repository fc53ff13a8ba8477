"""What an error says about an object that is not there: the names and versions that are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from weave_lite.core.errors import NotFoundError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["missing_error"]

_MAX_NAMES_SHOWN: Final = 5
_MAX_NAMES_READ: Final = 1000

_SELECT_NAMES: Final = (
    "SELECT DISTINCT object_id FROM objects WHERE project = ? AND deleted_at IS NULL LIMIT ?"
)
_WAS_THERE: Final = (
    "SELECT EXISTS (SELECT 1 FROM objects WHERE project = ? AND object_id = ? AND kind = ?)"
)
_SELECT_INDEXES: Final = (
    "SELECT version_index, digest FROM objects WHERE project = ? AND object_id = ? AND kind = ?"
    " AND deleted_at IS NULL ORDER BY publish_order DESC LIMIT ?"
)


def missing_error(
    raw: sqlite3.Connection,
    project_id: str,
    project_pk: int | None,
    kinds: Sequence[str],
    object_id: str,
    version: str,
) -> NotFoundError:
    """Make the error for a version that is not there; it names what is there instead."""
    what = " or ".join(kinds)
    place = f"of project {project_id!r}"
    if project_pk is None:
        return NotFoundError(
            f"{what} {object_id!r} {place} does not exist: nothing was stored in that project yet"
        )
    versions: list[tuple[int, str]] = []
    for kind in kinds:
        versions += raw.execute(
            _SELECT_INDEXES, (project_pk, object_id, kind, _MAX_NAMES_SHOWN)
        ).fetchall()
    if versions:
        shown = ", ".join(f"v{index} = {digest}" for index, digest in versions)
        return NotFoundError(
            f"{what} {object_id!r} {place} has no version {version!r}; the newest are {shown}"
        )
    if any(raw.execute(_WAS_THERE, (project_pk, object_id, k)).fetchone()[0] for k in kinds):
        return NotFoundError(
            f"{what} {object_id!r} {place} has no version left: all were deleted; publish it again "
            "to bring one back"
        )
    names = [name for (name,) in raw.execute(_SELECT_NAMES, (project_pk, _MAX_NAMES_READ))]
    near = difflib.get_close_matches(object_id, names, _MAX_NAMES_SHOWN)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "check the name"
    return NotFoundError(f"{what} {object_id!r} {place} does not exist; {hint}")
