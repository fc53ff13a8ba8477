"""The query language as models: operations over operands, read by their ``$`` names only.

Shapes are checked here; what a field or a literal means is the query compiler's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import VERSION, BeforeValidator, Discriminator, Field, Tag

from weave_lite.trace_server.interface.wire import WireModel

__all__ = [
    "AndOperation",
    "ContainsOperation",
    "ContainsSpec",
    "ConvertOperation",
    "ConvertSpec",
    "EqOperation",
    "GetFieldOperator",
    "GtOperation",
    "GteOperation",
    "InOperation",
    "LiteralOperation",
    "LtOperation",
    "LteOperation",
    "NotOperation",
    "Operand",
    "Operation",
    "OrOperation",
    "Query",
    "SortBy",
]


class LiteralOperation(WireModel):
    """A value: ``{"$literal": 5}``. As an operand, ``5`` alone is read as the same."""

    literal_: LiteralValue = Field(alias="$literal")


class GetFieldOperator(WireModel):
    """A field by its dotted path: ``{"$getField": "inputs.model"}``."""

    get_field_: str = Field(alias="$getField")


class ConvertSpec(WireModel):
    """What to convert, and to which type."""

    input: Operand
    to: Literal["double", "string", "int", "bool", "exists"]


class ConvertOperation(WireModel):
    """A cast: ``{"$convert": {"input": operand, "to": "double"}}``."""

    convert_: ConvertSpec = Field(alias="$convert")


class AndOperation(WireModel):
    """All of the operands hold."""

    and_: list[Operand] = Field(alias="$and")


class OrOperation(WireModel):
    """One of the operands holds."""

    or_: list[Operand] = Field(alias="$or")


class NotOperation(WireModel):
    """The operand does not hold."""

    not_: tuple[Operand] = Field(alias="$not")


class EqOperation(WireModel):
    """Both operands are equal."""

    eq_: tuple[Operand, Operand] = Field(alias="$eq")


class GtOperation(WireModel):
    """The first operand is greater."""

    gt_: tuple[Operand, Operand] = Field(alias="$gt")


class GteOperation(WireModel):
    """The first operand is greater or equal."""

    gte_: tuple[Operand, Operand] = Field(alias="$gte")


class LtOperation(WireModel):
    """The first operand is less (newer clients send it)."""

    lt_: tuple[Operand, Operand] = Field(alias="$lt")


class LteOperation(WireModel):
    """The first operand is less or equal (newer clients send it)."""

    lte_: tuple[Operand, Operand] = Field(alias="$lte")


class InOperation(WireModel):
    """The operand equals an entry of the list."""

    in_: tuple[Operand, list[Operand]] = Field(alias="$in")


class ContainsSpec(WireModel):
    """Which text to look for in which."""

    input: Operand
    substr: Operand
    case_insensitive: bool | None = False


class ContainsOperation(WireModel):
    """A text is part of another: ``{"$contains": {"input": operand, "substr": operand}}``."""

    contains_: ContainsSpec = Field(alias="$contains")


# With several operator keys in one object, the first in this order is taken.
_OPERATIONS: dict[str, type[WireModel]] = {
    "$and": AndOperation,
    "$or": OrOperation,
    "$not": NotOperation,
    "$eq": EqOperation,
    "$gt": GtOperation,
    "$gte": GteOperation,
    "$in": InOperation,
    "$contains": ContainsOperation,
    "$lt": LtOperation,
    "$lte": LteOperation,
}
_OPERANDS: dict[str, type[WireModel]] = {
    "$literal": LiteralOperation,
    "$getField": GetFieldOperator,
    "$convert": ConvertOperation,
    **_OPERATIONS,
}
_NAME_OF_CLASS = {model: name for name, model in _OPERANDS.items()}
_SCALARS = (str, int, float, type(None))


def _operation_name(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((name for name in _OPERATIONS if name in value), None)
    name = _NAME_OF_CLASS.get(type(value))
    return name if name in _OPERATIONS else None


def _operand_name(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((name for name in _OPERANDS if name in value), None)
    if isinstance(value, _SCALARS):
        return "$literal"
    return _NAME_OF_CLASS.get(type(value))


def _literal_kind(value: Any) -> str:
    if isinstance(value, dict):
        return "map"
    return "list" if isinstance(value, list | tuple) else "scalar"


def _read_bare(value: Any) -> Any:
    """Read a bare scalar in the place of an operand as a literal."""
    return {"$literal": value} if isinstance(value, _SCALARS) else value


LiteralValue: TypeAlias = Annotated[
    Annotated[str | int | float | bool | None, Tag("scalar")]
    | Annotated[dict[str, LiteralOperation], Tag("map")]
    | Annotated[list[LiteralOperation], Tag("list")],
    Discriminator(_literal_kind),
]

Operation: TypeAlias = Annotated[
    Annotated[AndOperation, Tag("$and")]
    | Annotated[OrOperation, Tag("$or")]
    | Annotated[NotOperation, Tag("$not")]
    | Annotated[EqOperation, Tag("$eq")]
    | Annotated[GtOperation, Tag("$gt")]
    | Annotated[GteOperation, Tag("$gte")]
    | Annotated[InOperation, Tag("$in")]
    | Annotated[ContainsOperation, Tag("$contains")]
    | Annotated[LtOperation, Tag("$lt")]
    | Annotated[LteOperation, Tag("$lte")],
    Discriminator(
        _operation_name,
        custom_error_type="unknown_operation",
        custom_error_message="Input should be an operation: an object with one of the keys "
        + ", ".join(_OPERATIONS),
    ),
]

Operand: TypeAlias = Annotated[
    Annotated[LiteralOperation, BeforeValidator(_read_bare), Tag("$literal")]
    | Annotated[GetFieldOperator, Tag("$getField")]
    | Annotated[ConvertOperation, Tag("$convert")]
    | Annotated[AndOperation, Tag("$and")]
    | Annotated[OrOperation, Tag("$or")]
    | Annotated[NotOperation, Tag("$not")]
    | Annotated[EqOperation, Tag("$eq")]
    | Annotated[GtOperation, Tag("$gt")]
    | Annotated[GteOperation, Tag("$gte")]
    | Annotated[InOperation, Tag("$in")]
    | Annotated[ContainsOperation, Tag("$contains")]
    | Annotated[LtOperation, Tag("$lt")]
    | Annotated[LteOperation, Tag("$lte")],
    Discriminator(
        _operand_name,
        custom_error_type="unknown_operand",
        custom_error_message="Input should be a string, number, bool or null, or an object with "
        "one of the keys " + ", ".join(_OPERANDS),
    ),
]


class Query(WireModel):
    """A condition on rows: ``{"$expr": operation}``.

    Example:
        >>> query = Query(**{"$expr": {"$eq": [{"$getField": "inputs.model"}, "gpt-4"]}})
        >>> query.expr_.eq_[1].literal_
        'gpt-4'
    """

    expr_: Operation = Field(alias="$expr")


class SortBy(WireModel):
    """One field to sort by, and its direction."""

    field: str
    direction: Literal["asc", "desc"]


if VERSION.startswith("2.11."):
    # That release loses tags when the parts are built one by one, in another order than this.
    Query.model_rebuild()
