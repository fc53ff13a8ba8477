"""The query compiler: one small function per operator, and the table that picks it.

Takes the AST and a field map, gives an SQL condition; NULL in it is unknown. Executes nothing.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import not_
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BindParameter

from weave_lite.core.errors import InvalidQueryError
from weave_lite.trace_server.interface import query as ast
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server.query.compare import (
    EQ,
    GT,
    GTE,
    LT,
    LTE,
    Comparison,
    compare,
    equals_any,
)
from weave_lite.trace_server.query.convert import convert, truth_of
from weave_lite.trace_server.query.feedback_sets import FeedbackField, any_of
from weave_lite.trace_server.query.fields import InternedText
from weave_lite.trace_server.query.indexed import (
    narrowed_contains,
    narrowed_equals,
    narrowed_order,
)
from weave_lite.trace_server.query.jsonpath import JsonField
from weave_lite.trace_server.query.text_search import contains, is_verbatim
from weave_lite.trace_server.query.values import (
    FALSE,
    NULL,
    TRUE,
    Junction,
    Kind,
    Operand,
    Sql,
    Value,
    constant,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weave_lite.trace_server.query.fields import FieldMap

__all__ = ["compile_filter"]

# Python and SQLite both stop at some depth; operands in operands multiply the SQL besides.
_MAX_DEPTH = 50
_MAX_OPERAND_DEPTH = 5
_MAX_OPERATIONS = 2_000
# SQLite takes 32,766 in a statement, which has some of its own.
_MAX_PARAMETERS = 32_000
# Queries whose fields have fewer readings than this, and no operands in operands, are far from it.
_MAX_UNCOUNTED = 100

Node: TypeAlias = Any


class _Scope(NamedTuple):
    """Where in a query a part stands.

    Attributes:
        fields: The field map.
        counter: One item per operation seen so far, shared by the whole query.
        widths: Of each field seen so far the number of its readings, likewise.
        is_exact: Whether false and unknown must be told apart: below ``$not`` and in operands. At
            the top they are the same, which allows forms that indexes serve.
        depth: Operations around it.
        operand_depth: Those of them that take it as an operand, not as a condition.
        sets: The fields of feedback that the comparison around it names so far.
    """

    fields: FieldMap
    counter: list[None]
    widths: list[int]
    is_exact: bool = False
    depth: int = 0
    operand_depth: int = 0
    sets: list[FeedbackField] | None = None


def compile_filter(query: ast.Query, fields: FieldMap) -> Sql:
    """Compile a query to a condition on rows.

    Args:
        query: The parsed query.
        fields: What the field names mean.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: ``$and`` or ``$or`` is empty, a literal cannot be compared, or the query is
            nested too deep or too long.
        NotSupportedError: A field needs something that the store does not hold.
    """
    scope = _Scope(fields, [], [])
    condition = _condition(query.expr_, scope)
    is_small = len(scope.counter) + sum(scope.widths) < _MAX_UNCOUNTED
    return condition if is_small else _of_bounded_size(condition)


def _of_bounded_size(sql: Sql) -> Sql:
    """Refuse what SQLite would refuse; looks no further than the limit."""
    parts = visitors.iterate(sql)
    parameters = (part for part in parts if isinstance(part, BindParameter))
    if next(islice(parameters, _MAX_PARAMETERS, None), None) is not None:
        raise InvalidQueryError(f"the query needs more than {_MAX_PARAMETERS} parameters; split it")
    return sql


def _condition(node: Node, scope: _Scope) -> Sql:
    """Compile a part that stands for true, false or unknown."""
    rule = _OPERATIONS.get(type(node))
    if rule is None:
        return _of_any_feedback(lambda node, scope: truth_of(_operand(node, scope)), node, scope)
    scope.counter.append(None)
    if len(scope.counter) > _MAX_OPERATIONS:
        raise InvalidQueryError(f"the query has more than {_MAX_OPERATIONS} operations; split it")
    return rule(node, scope._replace(depth=_deeper(scope.depth, _MAX_DEPTH)))


def _of_any_feedback(rule: Callable[[Any, _Scope], Sql], node: Node, scope: _Scope) -> Sql:
    """Compile a comparison; of fields of feedback it is true when it is true for any feedback."""
    sets: list[FeedbackField] = []
    condition = rule(node, scope._replace(sets=sets))
    return any_of(sets, condition, is_exact=scope.is_exact) if sets else condition


def _comparing(rule: Callable[[Any, _Scope], Sql]) -> Callable[[Any, _Scope], Sql]:
    return partial(_of_any_feedback, rule)


def _deeper(depth: int, limit: int) -> int:
    if depth >= limit:
        raise InvalidQueryError(f"the query is nested deeper than {limit} levels; flatten it")
    return depth + 1


def _operand(node: Node, scope: _Scope) -> Operand:
    """Compile a part that stands for a value."""
    if isinstance(node, ast.LiteralOperation):
        return _literal(node)
    if isinstance(node, ast.GetFieldOperator):
        field = scope.fields.resolve(node.get_field_)
        if isinstance(field, FeedbackField):
            # Two names of one type are two sets: each has a value per feedback of its own.
            assert scope.sets is not None
            scope.sets.append(field)
            field = field.operand
        scope.widths.append(field.width if isinstance(field, JsonField) else 1)
        return field
    depth = _deeper(scope.operand_depth, _MAX_OPERAND_DEPTH)
    inner = scope._replace(is_exact=True, operand_depth=depth)
    if not isinstance(node, ast.ConvertOperation):
        value = Value(Kind.BOOL, _condition(node, inner), is_nullable=True)
    else:
        value = convert(_operand(node.convert_.input, inner), node.convert_.to)
    if scope.operand_depth:
        # Each level names the one below several times: stop before that gets out of hand.
        _of_bounded_size(value.sql)
        scope.widths.append(_MAX_UNCOUNTED)
    return value


def _literal(node: ast.LiteralOperation) -> Value:
    literal = node.literal_
    if isinstance(literal, dict | list):
        raise InvalidQueryError("a $literal must be a string, number, bool or null to be compared")
    if isinstance(literal, float) and not math.isfinite(literal):
        raise InvalidQueryError(f"the $literal {literal} is not a JSON number; send a finite one")
    if isinstance(literal, str) and literal.startswith(texts.INTERNAL_SCHEME):
        raise InvalidQueryError(
            f"the $literal {literal[:140]!r} is a ref in the hosted service's internal form; "
            "send weave:///entity/project/..."
        )
    return constant(literal)


def _and(node: ast.AndOperation, scope: _Scope) -> Sql:
    return _junction("$and", operators.and_, node.and_, scope)


def _or(node: ast.OrOperation, scope: _Scope) -> Sql:
    return _junction("$or", operators.or_, node.or_, scope)


def _junction(name: str, operator: Junction, nodes: Sequence[Node], scope: _Scope) -> Sql:
    if not nodes:
        raise InvalidQueryError(f"{name} needs at least one operand")
    return joined(operator, [_condition(node, scope) for node in nodes])


def _not(node: ast.NotOperation, scope: _Scope) -> Sql:
    return not_(_condition(node.not_[0], scope._replace(is_exact=True)))


def _eq(node: ast.EqOperation, scope: _Scope) -> Sql:
    left, right = (_operand(part, scope) for part in node.eq_)
    if _is_constant(left) and not _is_constant(right):
        left, right = right, left
    return _equals(left, [right], scope)


def _in(node: ast.InOperation, scope: _Scope) -> Sql:
    operand, entries = node.in_
    if not entries:
        return FALSE
    sets = [entry for entry in entries if _names_feedback(entry)]
    if sets and len(entries) > 1:
        # Each such entry is a comparison of its own: SQLite joins no more than 64 tables.
        plain = [entry for entry in entries if not _names_feedback(entry)]
        parts = [part for part in (plain, *([one] for one in sets)) if part]
        nodes = [ast.InOperation.from_trusted({"in_": (operand, part)}) for part in parts]
        return joined(operators.or_, [_condition(each, scope) for each in nodes])
    scope.widths.append(len(entries))
    return _equals(_operand(operand, scope), [_operand(entry, scope) for entry in entries], scope)


def _names_feedback(node: Node) -> bool:
    """Tell whether an operand is a field of feedback, converted or not."""
    while isinstance(node, ast.ConvertOperation):
        node = node.convert_.input
    return isinstance(node, ast.GetFieldOperator) and node.get_field_.startswith("feedback.")


def _equals(operand: Operand, others: Sequence[Operand], scope: _Scope) -> Sql:
    """True when the operand equals any of the others."""
    plain: list[Value] = []
    conditions: list[Sql] = []
    for other in others:
        if _is_null(other):
            conditions.append(_is_missing(operand))
        elif _is_null(operand):
            conditions.append(_is_missing(other))
        elif isinstance(other, Value) and other.const is not None:
            plain.append(other)
        else:
            conditions.append(compare(EQ, operand, other))
    if plain:
        exact = _equals_plain(operand, plain, scope)
        conditions.append(exact if scope.is_exact else narrowed_equals(operand, plain, exact))
    return joined(operators.or_, conditions)


def _equals_plain(operand: Operand, literals: Sequence[Value], scope: _Scope) -> Sql:
    is_text = all(one.kind is Kind.TEXT for one in literals)
    if isinstance(operand, InternedText) and is_text and not scope.is_exact:
        condition = equals_any(operand.text, literals, is_exact=True)
        return operand.where(condition, is_single=len(literals) == 1)
    return equals_any(operand, literals, is_exact=scope.is_exact)


def _is_constant(operand: Operand) -> bool:
    return _is_null(operand) or (isinstance(operand, Value) and operand.const is not None)


def _is_null(operand: Operand) -> bool:
    return isinstance(operand, Value) and operand.kind is Kind.MISSING


def _is_missing(operand: Operand) -> Sql:
    if not isinstance(operand, Value):
        return operand.value.is_(None)
    if operand.kind is Kind.MISSING:
        return TRUE
    return operand.sql.is_(None) if operand.is_nullable else FALSE


def _order(comparison: Comparison, nodes: Sequence[Node], scope: _Scope) -> Sql:
    left, right = (_operand(part, scope) for part in nodes)
    # Against a missing JSON value null is "unknown", not the empty text.
    if _is_null(left) or _is_null(right):
        return NULL
    exact = compare(comparison, left, right)
    if scope.is_exact:
        return exact
    is_above = comparison in {GT, GTE}
    narrow = narrowed_order(left, right, exact, is_above=is_above)
    return narrowed_order(right, left, narrow, is_above=not is_above)


def _gt(node: ast.GtOperation, scope: _Scope) -> Sql:
    return _order(GT, node.gt_, scope)


def _gte(node: ast.GteOperation, scope: _Scope) -> Sql:
    return _order(GTE, node.gte_, scope)


def _lt(node: ast.LtOperation, scope: _Scope) -> Sql:
    return _order(LT, node.lt_, scope)


def _lte(node: ast.LteOperation, scope: _Scope) -> Sql:
    return _order(LTE, node.lte_, scope)


def _contains(node: ast.ContainsOperation, scope: _Scope) -> Sql:
    spec = node.contains_
    operand, substr = _operand(spec.input, scope), _operand(spec.substr, scope)
    ignore_case = bool(spec.case_insensitive)
    is_literal = isinstance(substr, Value) and isinstance(substr.const, str) and bool(substr.const)
    if isinstance(operand, InternedText) and is_literal and not scope.is_exact:
        found = contains(operand.text, substr, ignore_case=ignore_case, is_exact=True)
        return operand.where(found, is_single=False)
    found = contains(operand, substr, ignore_case=ignore_case, is_exact=scope.is_exact)
    part = substr.const if isinstance(substr, Value) else None
    if not isinstance(part, str) or not part or scope.is_exact:
        return found
    if not is_verbatim(operand, part, ignore_case=ignore_case):
        return found
    return narrowed_contains(operand, part, found, ignore_case=ignore_case)


_OPERATIONS: dict[type, Callable[[Any, _Scope], Sql]] = {
    ast.AndOperation: _and,
    ast.OrOperation: _or,
    ast.NotOperation: _not,
    ast.EqOperation: _comparing(_eq),
    ast.GtOperation: _comparing(_gt),
    ast.GteOperation: _comparing(_gte),
    ast.LtOperation: _comparing(_lt),
    ast.LteOperation: _comparing(_lte),
    ast.InOperation: _comparing(_in),
    ast.ContainsOperation: _comparing(_contains),
}
