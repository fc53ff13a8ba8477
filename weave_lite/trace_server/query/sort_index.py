"""The first rows of an order by a JSON path, found by the path's index.

An index knows the order roughly (see ``indexed``): so it gives a bound, beyond which no row of the
page can be, and the exact order is made of the rows within it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import func, literal_column, select, union_all

from weave_lite.trace_server.query.jsonpath import JsonField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Subquery

    from weave_lite.trace_server.interface.query import SortBy
    from weave_lite.trace_server.query.fields import FieldMap
    from weave_lite.trace_server.query.indexed import ColumnIndex
    from weave_lite.trace_server.query.values import Sql

__all__ = ["SortIndex", "find"]

_EMPTY: Final[Sql] = literal_column("''")


class SortIndex(NamedTuple):
    """The index that serves an order.

    Attributes:
        indexed: The index.
        is_descending: Whether the order is.
    """

    indexed: ColumnIndex
    is_descending: bool

    def first(self, width: int, *, is_text: bool) -> Subquery:
        """Select the first documents, and all that are still to be read, with their keys.

        Args:
            width: How many.
            is_text: Of texts; downward these come after the numbers. Upward there is one order.
        """
        known, key = self.indexed.keyed()
        if self.is_descending:
            known = known.where(self._group(key, is_text=is_text)).order_by(key.desc())
        else:
            known = known.order_by(key.asc())
        nearest = known.add_columns(key.label("key")).limit(literal_column(str(width))).subquery()
        unread, key = self.indexed.unread()
        unread = unread.add_columns(key.label("key")).where(self._group(key, is_text=is_text))
        known = select(nearest.c.pk, nearest.c.key)
        return union_all(known, unread).subquery("first_rows")

    def _group(self, key: Sql, *, is_text: bool) -> Sql:
        if not self.is_descending:
            return key.is_not(None)
        return key >= _EMPTY if is_text else key < _EMPTY

    def last(self, key: Sql) -> Sql:
        """Write the last of keys."""
        last: Sql = func.min(key) if self.is_descending else func.max(key)
        return last

    def within(self, bound: Sql, *, is_text: bool) -> Sql:
        """Write the condition that a call is not beyond a bound."""
        if not self.is_descending:
            rows = self.indexed.rows(lambda key: key <= bound)
        elif is_text:
            rows = self.indexed.rows(lambda key: key < _EMPTY, lambda key: key >= bound)
        else:
            rows = self.indexed.rows(lambda key: (key >= bound) & (key < _EMPTY))
        return self.indexed.owners(rows)


def find(sort_by: Sequence[SortBy] | None, fields: FieldMap) -> SortIndex | None:
    """Find the index that serves the first key of an order."""
    if not sort_by:
        return None
    field = fields.resolve(sort_by[0].field)
    index = field.column.indexed if isinstance(field, JsonField) else None
    # Attributes are shared by calls, and no index leads from them to these.
    if index is None or index.number is None or index.place.is_shared:
        return None
    return SortIndex(index, sort_by[0].direction == "desc")
