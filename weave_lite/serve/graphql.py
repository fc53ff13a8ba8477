"""The few GraphQL questions that the official clients ask when they start."""

from __future__ import annotations

import re
from typing import Any, Final

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.place import default_entity
from weave_lite.trace_server.user import default_user

__all__ = ["answer"]

# In this order: a mutation also has a field `model`, a question about the viewer no other.
_UPSERT: Final = re.compile(r"\bupsertModel\b")
_VIEWER: Final = re.compile(r"\bviewer\b")
_PROJECT: Final = re.compile(r"\bproject\s*\(")
_MODEL: Final = re.compile(r"\bmodel\s*\(")


def answer(body: Any) -> dict[str, Any]:
    """Answer a question; every project exists.

    Args:
        body: Dict of ``query`` and ``variables``.

    Raises:
        InvalidRequest: It is no question, or not one of the few.
    """
    query = body.get("query") if isinstance(body, dict) else None
    if not isinstance(query, str):
        raise InvalidRequest("query is missing; send a GraphQL query")
    given = body.get("variables")
    variables = given if isinstance(given, dict) else {}
    project = next(
        (str(variables[key]) for key in ("name", "project", "projectName") if variables.get(key)),
        "",
    )
    if _UPSERT.search(query):
        data: dict[str, Any] = {
            "upsertModel": {"model": {"name": project, "description": None}, "project": None}
        }
    elif _VIEWER.search(query):
        entity = default_entity()
        data = {
            "viewer": {
                "id": default_user(),
                "username": default_user(),
                "entity": entity,
                "defaultEntity": {"name": entity},
            }
        }
    elif _PROJECT.search(query):
        data = {"project": {"name": project, "id": project}}
    elif _MODEL.search(query):
        data = {
            "model": {
                "id": project, "name": project, "repo": None, "dockerImage": None,
                "description": None,
            }
        }  # fmt: skip
    else:
        raise InvalidRequest(
            "this GraphQL query is not known here; known are project, model, upsertModel and viewer"
        )
    return {"data": data}
