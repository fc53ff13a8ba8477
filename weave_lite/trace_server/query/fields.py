"""Field names of a kind of row, and what each means in SQL.

The map is the only way from a caller's text to a column. Knows no AST.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import case, func, select

from weave_lite.core.errors import InvalidFieldError
from weave_lite.core.jsontext import compact
from weave_lite.core.refs import SCHEME
from weave_lite.trace_server.query import derived
from weave_lite.trace_server.query.feedback_sets import FeedbackField, feedback_field
from weave_lite.trace_server.query.indexed import NO_INDEXES, Indexes, Place
from weave_lite.trace_server.query.jsonpath import JsonColumn, json_field
from weave_lite.trace_server.query.values import NULL, Kind, Operand, Value, Varying, bind_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.sql.elements import ColumnElement

    from weave_lite.trace_server.query.call_tables import CallTables

__all__ = ["FieldMap", "InternedText", "NullableText", "calls_fields"]

Sql: TypeAlias = "ColumnElement[Any]"


class NullableText(Varying):
    """A text column that may be NULL, which counts as missing."""

    def __init__(self, sql: ColumnElement[Any]) -> None:
        is_missing = sql.is_(None)
        missing = Value(Kind.MISSING, NULL)
        super().__init__(is_missing, [((0,), Value(Kind.TEXT, sql))], missing, sql)


class InternedText(Varying):
    """A text that rows name by a key into a small table of distinct texts.

    Args:
        key: The column with the key.
        names: The table; its columns are ``pk`` and the text.
        text: The text column.
    """

    def __init__(self, key: ColumnElement[Any], names: Table, text: str) -> None:
        # An op name is never NULL in a visible row; the join alone could make it so.
        column = names.c[text]
        missing = Value(Kind.MISSING, NULL)
        super().__init__(column.is_(None), [((0,), Value(Kind.TEXT, column))], missing, column)
        self._key = key
        self._names = names.alias()
        self.text = Value(Kind.TEXT, self._names.c[text])

    def where(self, condition: ColumnElement[Any], *, is_single: bool) -> ColumnElement[Any]:
        """Find the rows whose text fulfils a condition, looking at each distinct text once.

        Args:
            condition: A condition on ``text`` that is never unknown.
            is_single: Whether one text at most fulfils it; an index can then keep its order.
        """
        keys = select(self._names.c.pk).where(condition)
        found: Sql = self._key == keys.scalar_subquery() if is_single else self._key.in_(keys)
        return found


class FieldMap:
    """The fields of a kind of row.

    Args:
        fields: Whole names and their operands.
        json_columns: Names that may be followed by a path.
        families: First parts whose names have a form of their own (``feedback``); each function
            takes the whole name and gives a field or raises.
        default_order: Field that orders rows when no other is asked for.
        tie_breaker: Column that ends every order.
        expanded: Paths at which refs are replaced by what they point to, for fields below them.
        places: Where the documents of the JSON columns are that may have indexes.
        indexes: The indexes.
    """

    def __init__(
        self,
        fields: Mapping[str, Operand],
        json_columns: Mapping[str, JsonColumn],
        families: Mapping[str, Callable[[str], FeedbackField]],
        default_order: str,
        tie_breaker: ColumnElement[Any],
        expanded: Sequence[str] = (),
        places: Mapping[str, Place] | None = None,
        indexes: Indexes = NO_INDEXES,
    ) -> None:
        self._fields = dict(fields)
        self._json_columns = dict(json_columns)
        self._families = dict(families)
        self.default_order = default_order
        self.tie_breaker = tie_breaker
        self._expanded = expanded
        self._places = dict(places or {})
        self._indexes = indexes

    @property
    def names(self) -> list[str]:
        """The names that may be asked for."""
        return [*self._fields, *(f"{name}.<path>" for name in self._json_columns)]

    def resolve(self, name: str) -> Operand | FeedbackField:
        """Find the operand of a field name, or the set of them for feedback of calls.

        Raises:
            InvalidFieldError: There is no such field; the message lists those that are.
        """
        operand = self._fields.get(name)
        if operand is not None:
            return operand
        first, _, path = name.partition(".")
        column = self._json_columns.get(first)
        if column is not None:
            above = [each for each in self._expanded if name.startswith(each + ".")]
            below = path if "." in name else None
            if above:
                column = _expanded(column, above)
            elif self._indexes.numbers and first in self._places:
                column = column._replace(indexed=self._indexes.at(self._places[first], below))
            return json_field(column, below)
        family = self._families.get(first)
        if family is not None:
            return family(name)
        raise InvalidFieldError(f"no field {name!r}; use one of {', '.join(self.names)}")


def _expanded(column: JsonColumn, paths: Sequence[str]) -> JsonColumn:
    """Read a column with the refs at some paths replaced; most documents hold no ref."""
    document = column.sql
    holds_ref = document.op("GLOB", is_comparison=True)(bind_text(f"*{SCHEME}*"))
    replaced = func.weave_expanded(document, bind_text(compact(list(paths))))
    return column._replace(sql=case((holds_ref, replaced), else_=document))


def calls_fields(
    tables: CallTables, expanded: Sequence[str] = (), indexes: Indexes = NO_INDEXES
) -> FieldMap:
    """Make the field map of calls.

    Args:
        tables: The tables of calls.
        expanded: Paths at which refs are replaced by what they point to, for fields below them;
            a connection that runs such a query needs the function ``weave_expanded``.
        indexes: The indexes that the user made.

    Its expressions name columns of ``calls``, ``op_names``, ``attribute_sets``, ``call_inputs`` and
    ``call_outputs``; :func:`weave_lite.trace_server.query.joins.calls_from` joins those in use.
    """
    calls = tables.calls
    json_columns = {
        "inputs": JsonColumn(tables.call_inputs.c.inputs, is_object=True),
        "output": JsonColumn(tables.call_outputs.c.output, is_object=False),
        "attributes": JsonColumn(tables.attribute_sets.c.attributes, is_object=True),
        "summary": JsonColumn(calls.c.summary, is_object=True),
    }
    feedback = partial(feedback_field, tables=tables, nullable_text=NullableText)
    return FieldMap(
        _own_fields(tables),
        json_columns,
        {"feedback": feedback},
        "started_at",
        calls.c.id,
        expanded,
        _places(tables),
        indexes,
    )


@cache
def _own_fields(tables: CallTables) -> dict[str, Operand]:
    """Give the fields that are columns, or are derived from some."""
    calls = tables.calls
    project_id = (
        select(tables.projects.c.project_id)
        .where(tables.projects.c.pk == calls.c.project)
        .correlate(calls)
        .scalar_subquery()
    )
    nullable = (
        "parent_id",
        "display_name",
        "exception",
        "wb_user_id",
        "wb_run_id",
        "thread_id",
        "turn_id",
    )
    return {
        "id": Value(Kind.TEXT, calls.c.id),
        "project_id": Value(Kind.TEXT, project_id),
        "trace_id": Value(Kind.TEXT, calls.c.trace_id),
        "op_name": InternedText(calls.c.op, tables.op_names, "op_name"),
        "started_at": Value(Kind.DATE, calls.c.started_at),
        "ended_at": Value(Kind.DATE, calls.c.ended_at, is_nullable=True),
        "deleted_at": Value(Kind.DATE, calls.c.deleted_at, is_nullable=True),
        **{name: NullableText(calls.c[name]) for name in nullable},
        "summary.weave.status": Value(Kind.TEXT, derived.status_sql(calls)),
        "summary.weave.latency_ms": Value(
            Kind.NUMBER, derived.latency_ms_sql(calls), is_nullable=True
        ),
        "summary.weave.trace_name": Value(
            Kind.TEXT, derived.trace_name_sql(calls, tables.op_names)
        ),
    }


@cache
def _places(tables: CallTables) -> dict[str, Place]:
    """Tell where the JSON columns are, for the indexes on what is in them."""
    calls = tables.calls
    owners = {
        "inputs": (tables.call_inputs, calls.c.pk),
        "output": (tables.call_outputs, calls.c.pk),
        "attributes": (tables.attribute_sets, calls.c.attributes),
        "summary": (calls, calls.c.pk),
    }
    return {
        name: Place(name, str(table.name), owner, is_shared=owner is not calls.c.pk)
        for name, (table, owner) in owners.items()
    }
