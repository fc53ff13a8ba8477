"""What the indexes that the user made serve: narrower sets of calls, for the exact rule to look at.

An index is a table of keys (``index_keys``), or of trigrams, and a list of the documents that it
does not know yet; these are asked for their keys. It may only rule out: a key holds a number as
whole millionths, and of a text the first characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Integer, and_, cast, func, literal_column, select, text, union_all

from weave_lite.trace_server.query.index_keys import KEY_LENGTH, SHARED_PROJECT, key_sql
from weave_lite.trace_server.query.jsonpath import JsonField
from weave_lite.trace_server.query.trigrams import trigrams
from weave_lite.trace_server.query.values import (
    NULL,
    Kind,
    Operand,
    Sql,
    Value,
    bind_int,
    bind_number,
    bind_text,
    parse_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import CompoundSelect, Select
    from sqlalchemy.sql.elements import ColumnElement

__all__ = [
    "NO_INDEXES",
    "ColumnIndex",
    "Indexes",
    "Place",
    "exact_rows",
    "narrowed_contains",
    "narrowed_equals",
    "narrowed_order",
]

_MAX_KEYS: Final = 100
_EMPTY: Final[Sql] = literal_column("''")


class Place(NamedTuple):
    """Where the documents of a column are.

    Attributes:
        column: Name of the column.
        table: Name of its table.
        owner: The column of calls that names its row.
        is_shared: Whether calls share documents.
    """

    column: str
    table: str
    owner: ColumnElement[Any]
    is_shared: bool


class Indexes(NamedTuple):
    """The indexes of a store.

    Attributes:
        numbers: The number of each by its path; a whole column has one for text search.
        is_rare: Runs a statement that finds rows; tells whether they are few enough to go by them.
        project: The integer of the project that is asked.
    """

    numbers: Mapping[str, int]
    is_rare: Callable[[Select[Any] | CompoundSelect[Any]], bool]
    project: int

    def at(self, place: Place, path: str | None) -> ColumnIndex | None:
        """Find what serves a field: the path below a column, or None for the whole."""
        text_number = self.numbers.get(place.column)
        number = None if path is None else self.numbers.get(f"{place.column}.{path}")
        if text_number is None and number is None:
            return None
        parts = () if path is None else tuple(path.split("."))
        project = SHARED_PROJECT if place.is_shared else self.project
        return ColumnIndex(place, parts, number, text_number, self.is_rare, project)


NO_INDEXES: Final = Indexes({}, lambda _: False, 0)


class ColumnIndex(NamedTuple):
    """The indexes that serve one field.

    Attributes:
        place: Where its documents are.
        parts: Its path.
        number: The number of the index on the path.
        text_number: The number of the index for text search of its column.
        is_rare: See :class:`Indexes`.
        project: The project of its keys.
    """

    place: Place
    parts: tuple[str, ...]
    number: int | None
    text_number: int | None
    is_rare: Callable[[Select[Any] | CompoundSelect[Any]], bool]
    project: int

    def keyed(self) -> tuple[Select[Any], Sql]:
        """Select the integers of the documents whose keys are known; and give the key's column.

        They are those of the calls of the project that can be seen.
        """
        key: Sql = literal_column("known.key")
        pk: Sql = literal_column("known.pk").label("pk")
        known = select(pk).select_from(text(f"index_{self.number}_keys AS known"))
        return known.where(literal_column("known.project") == bind_int(self.project)), key

    def unread(self) -> tuple[Select[Any], Sql]:
        """Select the integers of the documents that are still to be read; and give their key."""
        place = self.place
        key: Sql = literal_column(key_sql(f"document.{place.column}", self.parts))
        source = f"{place.table} AS document"
        is_noted = literal_column("document.pk").in_(
            select(literal_column("pk")).select_from(text(f"index_{self.number}_pending"))
        )
        pk: Sql = literal_column("document.pk").label("pk")
        return select(pk).select_from(text(source)).where(is_noted), key

    def rows(self, *conditions: Callable[[Sql], Sql]) -> CompoundSelect[Any]:
        """Select the integers of the documents whose key fulfils one of some conditions."""
        sources = (self.keyed(), self.unread())
        # Not one statement with OR, for which SQLite would walk the whole index.
        return union_all(
            *(found.where(condition(key)) for found, key in sources for condition in conditions)
        )

    def owners(self, rows: Select[Any] | CompoundSelect[Any]) -> Sql:
        """Write the condition that a call has one of some documents."""
        found: Sql = self.place.owner.in_(rows)
        return found

    def owners_within(self, condition: Callable[[Sql], Sql]) -> Sql | None:
        """Write the condition that a call has a document whose key fulfils a condition.

        None when the documents are so many that walking by time is faster. Those that are still to
        be read are few, and do not count.
        """
        known, key = self.keyed()
        if not self.is_rare(known.where(condition(key))):
            return None
        return self.owners(self.rows(condition))

    def matching(self, words: str) -> CompoundSelect[Any]:
        """Select the documents that text search finds, and those that are still to be read."""
        table = f"index_{self.text_number}_text"
        matches = literal_column(table).op("MATCH", is_comparison=True)(bind_text(words))
        pk: Sql = literal_column("rowid").label("pk")
        found = select(pk).select_from(text(table)).where(matches)
        noted = text(f"index_{self.text_number}_pending")
        return union_all(found, select(literal_column("pk")).select_from(noted))


def narrowed_equals(operand: Operand, literals: Sequence[Value], exact: Sql) -> Sql:
    """Narrow an equality with any of some literals by an index, where one serves.

    Args:
        operand: The field.
        literals: Texts, numbers or bools.
        exact: The condition; where false and unknown are the same.
    """
    index = _path_index(operand)
    found = _keys_of_all(literals)
    if index is None or found is None:
        return exact
    keys, is_enough = found
    narrow = index.owners_within(lambda key: key.in_(keys))
    if narrow is None:
        return exact
    return narrow if is_enough else and_(narrow, exact)


def exact_rows(operand: Operand, literals: Sequence[Value]) -> tuple[Select[Any], Sql] | None:
    """Find all whose field equals any of some literals, where keys tell it and no call need be read.

    Returns:
        What selects those that an index knows, and the condition that a call is one of the rest;
        None where keys are not enough.
    """
    index = _path_index(operand)
    found = _keys_of_all(literals)
    if index is None or found is None or not found[1] or index.place.is_shared:
        return None
    keys, _ = found
    (known, known_key), (unread, unread_key) = index.keyed(), index.unread()
    return known.where(known_key.in_(keys)), index.owners(unread.where(unread_key.in_(keys)))


def _keys_of_all(literals: Sequence[Value]) -> tuple[list[Sql], bool] | None:
    """Give the keys of some literals, and whether nothing else has them; None without keys."""
    if len(literals) > _MAX_KEYS:
        return None
    keys: list[Sql] = []
    is_enough = True
    for literal in literals:
        found, is_all = _keys_of(literal)
        if not found:
            return None
        keys += found
        is_enough = is_enough and is_all
    return keys, is_enough


def _keys_of(literal: Value) -> tuple[list[Sql], bool]:
    """Give the keys of all that equals a literal, and whether nothing else has them."""
    const = literal.const
    if isinstance(const, bool):
        return [], False
    if isinstance(const, int | float):
        return [_number_key(bind_number(const))], False
    # The empty text equals what is missing, and SQLite's functions stop at a zero.
    if not isinstance(const, str) or not const or "\0" in const:
        return [], False
    number = parse_number(const)
    if number is not None:
        read = func.json_extract(bind_text(const), literal_column("'$'"))
        return [_number_key(read), _number_key(bind_number(number))], False
    keys = [bind_text(const[:KEY_LENGTH])]
    is_word = const.lower() in {"true", "false"}
    if is_word:
        keys.append(bind_text(const.lower()))
    return keys, not is_word and len(const) < KEY_LENGTH


def _number_key(number: Sql) -> Sql:
    # A CAST has an affinity, with which SQLite would not use the index; a function's result has none.
    key: Sql = func.coalesce(cast(number * literal_column("1000000.0"), Integer()), NULL)
    return key


def narrowed_order(operand: Operand, number: Operand, exact: Sql, *, is_above: bool) -> Sql:
    """Narrow a comparison of a field with a number by an index, where one serves.

    Args:
        operand: The field.
        number: What it is compared with.
        exact: The condition; where false and unknown are the same.
        is_above: Whether the field is wanted above the number.
    """
    index = _path_index(operand)
    const = number.const if isinstance(number, Value) and number.kind is Kind.NUMBER else None
    if index is None or const is None or isinstance(const, str):
        return exact
    bound = _number_key(bind_number(const))

    def is_within(key: Sql) -> Sql:
        # Numbers sort before texts.
        return (key >= bound) & (key < _EMPTY) if is_above else key <= bound

    narrow = index.owners_within(is_within)
    return exact if narrow is None else and_(narrow, exact)


def narrowed_contains(operand: Operand, part: str, exact: Sql, *, ignore_case: bool) -> Sql:
    """Narrow a search for a text by the index on trigrams, where there is one.

    Args:
        operand: The field.
        part: What it contains; not what a number or bool may contain, unless all of a column of
            objects is searched.
        exact: The condition; where false and unknown are the same.
        ignore_case: Whether both are lowered first.
    """
    index = operand.column.indexed if isinstance(operand, JsonField) else None
    words = (
        trigrams(part, ignore_case=ignore_case)
        if index is not None and index.text_number is not None
        else None
    )
    if index is None or words is None:
        return exact
    rows = index.matching(words)
    return and_(index.owners(rows), exact) if index.is_rare(rows) else exact


def _path_index(operand: Operand) -> ColumnIndex | None:
    index = operand.column.indexed if isinstance(operand, JsonField) else None
    return index if index is not None and index.number is not None else None
