"""Filters of a view, and the query that says the same: translated both ways.

What is stored is the query alone. Each filter is one part of its ``$and``; a part that is read back
is never written anew, so that editing a view keeps every other part as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core import jsontext
from weave_lite.core.errors import QueryTranslationException
from weave_lite.flow.saved_view.fields import filter_field
from weave_lite.flow.saved_view.operators import canonical_operator, read_value
from weave_lite.trace_server.interface.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Filter",
    "clauses_of",
    "filters_to_query",
    "query_of_clauses",
    "query_to_filters",
    "with_filter",
]

# Numbers already, whatever is stored; clients send these without a conversion.
_NUMBER_FIELDS: Final = frozenset({"summary.weave.latency_ms"})
_NUMBER_FORMS: Final = {
    "=": ("$eq", False),
    "!=": ("$eq", True),
    ">": ("$gt", False),
    ">=": ("$gte", False),
    "<": ("$gte", True),
    "<=": ("$gt", True),
    "after": ("$gt", False),
    "before": ("$gt", True),
}
_NUMBER_OPERATORS: Final = {form: name for name, form in reversed(_NUMBER_FORMS.items())}
_INSTANT_OPERATORS: Final = {**_NUMBER_OPERATORS, ("$gt", False): "after", ("$gt", True): "before"}
# Newer clients say these; ours are the negations, as in 0.51.45.
_NEGATED: Final = {"$lt": "$gte", "$lte": "$gt"}
_COMPARISONS: Final = {"$eq", "$gt", "$gte", *_NEGATED}
_TRUTHS: Final = {"True": True, "False": False}


class Filter(NamedTuple):
    """One condition on calls. Make it with :meth:`of`, which brings it to its one form.

    Attributes:
        field: The field, as queries write it.
        operator: One of the operators, in its one spelling.
        value: What to compare with; None for the operators that take none.
    """

    field: str
    operator: str
    value: Any = None

    @classmethod
    def of(cls, field: str, operator: str, value: Any = None) -> Filter:
        """Make a filter of what users write.

        Two filters that come to the same query are the same: ``equals`` with an empty text is
        ``is empty``, ``equals`` with ``"True"`` is ``is True``.

        Raises:
            ViewError: The field or operator is not known, or the value does not fit.

        Example:
            >>> Filter.of("output.score", "≥", "2")
            Filter(field='output.score', operator='>=', value=2.0)
        """
        path, name = filter_field(field), canonical_operator(operator)
        value = read_value(name, value)
        return _settled(path, name, value)


def filters_to_query(filters: Iterable[Filter] | None) -> Query | None:
    """Write filters as one query that all of them make; None without any."""
    return query_of_clauses([_clause(each) for each in filters or ()])


def query_to_filters(query: Query | None) -> list[Filter] | None:
    """Read the filters that a query says; None for no query.

    Raises:
        QueryTranslationException: A part of it is no filter.
    """
    return None if query is None else [_filter(clause) for clause in clauses_of(query)]


def clauses_of(query: Query | None) -> list[dict[str, Any]]:
    """Return the parts that must all hold, in wire form."""
    if query is None:
        return []
    top = query.model_dump(by_alias=True, mode="json", exclude_unset=True)["$expr"]
    return list(top["$and"]) if set(top) == {"$and"} else [top]


def query_of_clauses(clauses: list[dict[str, Any]]) -> Query | None:
    """Make the query in which all parts must hold; None without any."""
    return Query.model_validate({"$expr": {"$and": clauses}}) if clauses else None


def with_filter(query: Query | None, added: Filter) -> Query | None:
    """Add a filter to a query, whatever it says; one that is there already is not added again."""
    clauses, clause = clauses_of(query), _clause(added)
    if _text(clause) in map(_text, clauses):
        return query
    return query_of_clauses([*clauses, clause])


def _settled(path: str, name: str, value: Any) -> Filter:
    """Choose one of the filters that come to the same query."""
    if value == "" and name in {"equals", "does not equal"}:
        return Filter(path, "is empty" if name == "equals" else "is not empty")
    if name == "equals" and isinstance(value, str) and value in _TRUTHS:
        return Filter(path, "is", _TRUTHS[value])
    if path in _NUMBER_FIELDS:
        if name in {"after", "before"}:
            return Filter(path, ">" if name == "after" else "<=", value)
        if name in {"equals", "does not equal"} and _is_number(value):
            return Filter(path, "=" if name == "equals" else "!=", float(value))
    return Filter(path, name, value)


# --- filter to query ---


def _clause(each: Filter) -> dict[str, Any]:
    path, name, value = each
    field = {"$getField": path}
    if name in _NUMBER_FORMS:
        operator, is_negated = _NUMBER_FORMS[name]
        is_plain = name in {"after", "before"} or path in _NUMBER_FIELDS
        side = field if is_plain else {"$convert": {"input": field, "to": "double"}}
        return _negated({operator: [side, {"$literal": value}]}, is_negated)
    if name in {"contains", "does not contain"}:
        parts = {"input": field, "substr": {"$literal": value}, "case_insensitive": False}
        return _negated({"$contains": parts}, name == "does not contain")
    if name == "in":
        return {"$or": [{"$eq": [field, {"$literal": entry}]} for entry in value]}
    literal = {"is": str(value), "is empty": "", "is not empty": ""}.get(name, value)
    is_negated = name in {"does not equal", "is not empty"}
    return _negated({"$eq": [field, {"$literal": literal}]}, is_negated)


def _negated(clause: dict[str, Any], is_negated: bool) -> dict[str, Any]:
    return {"$not": [clause]} if is_negated else clause


# --- query to filter ---


def _filter(clause: dict[str, Any]) -> Filter:
    match clause:
        case {"$not": [dict(inner)]}:
            found = _comparison(inner, is_negated=True)
        case {"$or": [*choices]} if choices:
            found = _choice(choices)
        case _:
            found = _comparison(clause, is_negated=False)
    if found is None:
        raise QueryTranslationException(
            f"query: the part {_text(clause):.300} is no filter of a saved view; remove all "
            "filters with remove_filters(), or give the query to client.get_calls"
        )
    return found


def _comparison(clause: dict[str, Any], *, is_negated: bool) -> Filter | None:
    match clause:
        case {
            "$contains": {
                "input": {"$getField": str(path)},
                "substr": {"$literal": str(value)},
                **rest,
            }
        } if not rest.get("case_insensitive"):
            return Filter(path, "does not contain" if is_negated else "contains", value)
    ((operator, sides),) = clause.items() if len(clause) == 1 else [("", None)]
    match sides:
        case [left, {"$literal": value}] if operator in _COMPARISONS:
            pass
        case _:
            return None
    if operator in _NEGATED:
        operator, is_negated = _NEGATED[operator], not is_negated
    match left:
        case {"$convert": {"input": {"$getField": str(path)}, "to": "double"}} if _is_number(value):
            return Filter(path, _NUMBER_OPERATORS[operator, is_negated], float(value))
        case {"$getField": str(path)}:
            return _plain_comparison(path, operator, value, is_negated=is_negated)
    return None


def _plain_comparison(path: str, operator: str, value: Any, *, is_negated: bool) -> Filter | None:
    if operator == "$eq":
        if value is None or isinstance(value, dict | list):
            return None
        return _settled(path, "does not equal" if is_negated else "equals", value)
    if not _is_number(value):
        return None
    names = _NUMBER_OPERATORS if path in _NUMBER_FIELDS else _INSTANT_OPERATORS
    return Filter(path, names[operator, is_negated], float(value))


def _choice(choices: list[Any]) -> Filter | None:
    paths, entries = set(), []
    for choice in choices:
        match choice:
            case {"$eq": [{"$getField": str(path)}, {"$literal": value}]} if (
                value is not None and not isinstance(value, dict | list)
            ):
                paths.add(path)
                entries.append(value)
            case _:
                return None
    return Filter(paths.pop(), "in", entries) if len(paths) == 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(clause: Any) -> str:
    return jsontext.compact(clause)
