"""Field names of prices, and what each means in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from weave_lite.trace_server.query.fields import FieldMap, NullableText
from weave_lite.trace_server.query.values import Kind, Operand, Value, constant

if TYPE_CHECKING:
    from sqlalchemy import Table

__all__ = ["cost_fields"]


def cost_fields(costs: Table, projects: Table) -> FieldMap:
    """Make the field map of the prices that projects set.

    Args:
        costs: The table of prices.
        projects: Names of projects; ``costs.project`` is the key.
    """
    project_id = (
        select(projects.c.project_id)
        .where(projects.c.pk == costs.c.project)
        .correlate(costs)
        .scalar_subquery()
    )
    fields: dict[str, Operand] = {
        "id": Value(Kind.TEXT, costs.c.id),
        "llm_id": Value(Kind.TEXT, costs.c.llm_id),
        "pricing_level": constant("project"),
        "pricing_level_id": Value(Kind.TEXT, project_id),
        "provider_id": Value(Kind.TEXT, costs.c.provider_id),
        "effective_date": Value(Kind.DATE, costs.c.effective_date),
        "prompt_token_cost": Value(Kind.NUMBER, costs.c.prompt_token_cost),
        "completion_token_cost": Value(Kind.NUMBER, costs.c.completion_token_cost),
        "prompt_token_cost_unit": NullableText(costs.c.prompt_token_cost_unit),
        "completion_token_cost_unit": NullableText(costs.c.completion_token_cost_unit),
        "created_by": NullableText(costs.c.created_by),
        "created_at": Value(Kind.DATE, costs.c.created_at),
    }
    return FieldMap(fields, {}, {}, "created_at", costs.c.id)
