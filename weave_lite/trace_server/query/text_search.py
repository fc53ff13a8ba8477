"""``$contains``: a text in another, character by character.

A scan over many calls must not parse the JSON of each: what the decoded text contains, the stored
JSON text contains too, unless JSON writes it with escapes. So the stored text is asked first.
"""

from __future__ import annotations

from sqlalchemy import and_, func, literal_column

from weave_lite.trace_server.query.convert import text_of, text_or_null
from weave_lite.trace_server.query.jsonpath import JsonField
from weave_lite.trace_server.query.preselect import may_hold
from weave_lite.trace_server.query.values import (
    FALSE,
    NULL,
    TRUE,
    Operand,
    Sql,
    Value,
    bind_text,
    fold,
)

__all__ = ["contains", "is_verbatim"]

_NUMBER_CHARACTERS = frozenset("0123456789+-.e")
_EMPTY: Sql = literal_column("''")
# The only characters outside ASCII whose lower case holds an ASCII letter.
_UNUSUAL_CAPITALS = {"i": "\u0130", "k": "\u212a"}


def contains(operand: Operand, substr: Operand, *, ignore_case: bool, is_exact: bool) -> Sql:
    """Tell whether the text of one operand contains the text of another.

    Args:
        operand: Where to look; missing counts as empty.
        substr: What to look for; missing is unknown.
        ignore_case: Whether both are lowered first, by the rules of Unicode.
        is_exact: Whether false and unknown must be told apart, as below ``$not``.
    """
    if isinstance(substr, Value) and isinstance(substr.const, str):
        return _contains_literal(operand, substr.const, ignore_case, is_exact)
    text, part = text_of(operand), fold(substr, text_or_null)
    if part is NULL:
        return NULL
    if ignore_case:
        text, part = func.weave_lower(text), func.weave_lower(part)
    return _is_in(part, text)


def _is_in(part: Sql, text: Sql) -> Sql:
    found: Sql = func.instr(text, part) > FALSE
    return found


def _contains_literal(operand: Operand, part: str, ignore_case: bool, is_exact: bool) -> Sql:
    if not part:
        return TRUE
    if ignore_case:
        return _contains_lowered(_quick_text(operand, part, ignore_case), part.lower())
    text = _quick_text(operand, part, ignore_case)
    found = _is_in(bind_text(part), text)
    if not isinstance(operand, JsonField):
        return found
    document = operand.column.sql
    # A number at a path may be written in the document in another way than as text.
    is_sure = text is document or not _can_be_in_scalar(part)
    first_look = may_hold(document, part) if is_sure else None
    if first_look is not None:
        found = and_(first_look, found)
    return func.coalesce(found, FALSE) if is_exact else found


def _contains_lowered(text: Sql, part: str) -> Sql:
    """Look for a lowered text; SQLite's lower() knows ASCII only, which often is enough."""
    if not part.isascii():
        return _is_in(bind_text(part), func.weave_lower(text))
    for letter, capital in _UNUSUAL_CAPITALS.items():
        if letter in part:
            text = func.replace(text, bind_text(capital), bind_text(capital.lower()))
    return _is_in(bind_text(part), func.lower(text))


def _quick_text(operand: Operand, part: str, ignore_case: bool) -> Sql:
    """The text of an operand; one JSON call where numbers and bools cannot contain the part."""
    if not isinstance(operand, JsonField):
        return text_of(operand)
    if operand.is_whole and operand.column.is_object:
        # The stored text is the compact text, but for the blank before integers beyond 64 bits.
        document = operand.column.sql
        return func.ltrim(document) if part.startswith(" ") else document
    if _can_be_in_scalar(part.lower() if ignore_case else part):
        return text_of(operand)
    return func.coalesce(operand.value, _EMPTY)


def is_verbatim(operand: Operand, part: str, *, ignore_case: bool) -> bool:
    """Tell whether the stored text has a part that an operand contains, but for JSON's escapes.

    A number at a path may be written in the document in another way than as text.
    """
    if isinstance(operand, JsonField) and operand.is_whole and operand.column.is_object:
        return True
    return not _can_be_in_scalar(part.lower() if ignore_case else part)


def _can_be_in_scalar(part: str) -> bool:
    """Tell whether the text of a number or bool may contain a part."""
    return _NUMBER_CHARACTERS.issuperset(part) or part in "true" or part in "false"
