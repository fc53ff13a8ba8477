"""Which ref a value came from, for the values that can carry one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.registry import is_op
from weave_lite.trace.call import Call
from weave_lite.trace.classes import saved_classes
from weave_lite.trace.table import Table
from weave_lite.trace.values.record import DeletedRef, WeaveObject
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import Row, WeaveTable

if TYPE_CHECKING:
    from weave_lite.core.refs import Ref

__all__ = ["ref_of"]


def ref_of(value: Any) -> Ref | None:
    """Return where a value is stored; None when it is not, was changed, or cannot know.

    Objects, ops, tables, calls and the rows of stored tables know their ref; plain values that were
    read from inside an object do not.

    Args:
        value: Any value.
    """
    known = (*saved_classes(), WeaveObject, DeletedRef, StoredOp, Row, Table, WeaveTable)
    if isinstance(value, known) or is_op(value):
        return value.ref  # type: ignore[no-any-return]
    return value.ref if isinstance(value, Call) and value.id else None
