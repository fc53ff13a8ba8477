"""The projects of a hosted service, which are made by its GraphQL door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server_bindings.environment import key_of, policy_of_env
from weave_lite.trace_server_bindings.http_transport import HttpTransport

if TYPE_CHECKING:
    import httpx2

__all__ = ["upserted_project"]

_UPSERT_PROJECT = """
mutation UpsertModel($name: String!, $entity: String!) {
  upsertModel(input: {name: $name, entityName: $entity}) { model { name description } }
}
"""


def upserted_project(
    base_url: str, entity: str, project: str, transport: httpx2.BaseTransport | None = None
) -> str:
    """Make sure that a project exists; gives its name there.

    Args:
        base_url: Address of the service.
        entity: Whose project it is.
        project: Its name.
        transport: Stands in for the network, in tests.

    Raises:
        InvalidRequest: The service refuses it.
    """
    graph = HttpTransport(base_url, policy_of_env(), transport)
    try:
        key = key_of(base_url)
        graph.set_auth(("api", key) if key else None)
        body = {"query": _UPSERT_PROJECT, "variables": {"name": project, "entity": entity}}
        answer = graph.post_json("/graphql", orjson.dumps(body))
    finally:
        graph.close()
    try:
        name: str = answer["data"]["upsertModel"]["model"]["name"]
    except (KeyError, TypeError):
        raise InvalidRequest(
            f"project {entity}/{project} cannot be made at {base_url}: {answer!r:.300}"
        ) from None
    return name
