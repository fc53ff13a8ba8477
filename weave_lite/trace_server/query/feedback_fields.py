"""Field names of feedback, and what each means in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from weave_lite.trace_server.query.fields import FieldMap, NullableText
from weave_lite.trace_server.query.jsonpath import JsonColumn
from weave_lite.trace_server.query.values import Kind, Operand, Value

if TYPE_CHECKING:
    from sqlalchemy import Table

__all__ = ["COLUMNS", "feedback_fields"]

# In the order of answers.
COLUMNS: Final = (
    "id",
    "project_id",
    "weave_ref",
    "wb_user_id",
    "creator",
    "created_at",
    "feedback_type",
    "payload",
    "annotation_ref",
    "runnable_ref",
    "call_ref",
    "trigger_ref",
)
_NULLABLE: Final = (
    "wb_user_id",
    "creator",
    "annotation_ref",
    "runnable_ref",
    "call_ref",
    "trigger_ref",
)


def feedback_fields(feedback: Table, projects: Table) -> FieldMap:
    """Make the field map of feedback.

    Args:
        feedback: The table of feedback.
        projects: Names of projects; ``feedback.project`` is the key.
    """
    project_id = (
        select(projects.c.project_id)
        .where(projects.c.pk == feedback.c.project)
        .correlate(feedback)
        .scalar_subquery()
    )
    fields: dict[str, Operand] = {
        "id": Value(Kind.TEXT, feedback.c.id),
        "project_id": Value(Kind.TEXT, project_id),
        "weave_ref": Value(Kind.TEXT, feedback.c.weave_ref),
        "feedback_type": Value(Kind.TEXT, feedback.c.feedback_type),
        "created_at": Value(Kind.DATE, feedback.c.created_at),
        **{name: NullableText(feedback.c[name]) for name in _NULLABLE},
    }
    json_columns = {"payload": JsonColumn(feedback.c.payload, is_object=True)}
    return FieldMap(fields, json_columns, {}, "created_at", feedback.c.id)
