"""Tests of requests made of parts and dicts."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidQueryError, InvalidRequest
from weave_lite.trace.requests import equal, model_of, query_of, request_of
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.query import Query

CONDITION = {"$expr": {"$eq": [{"$getField": "id"}, {"$literal": "1"}]}}


def test_a_query_is_taken_as_model_and_as_dict():
    """A dict is read; a model and nothing stay what they are."""
    query = Query.model_validate(CONDITION)

    assert query_of(query) is query
    assert query_of(CONDITION) == query == query_of({"$expr": equal("id", "1")})
    assert query_of(None) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("id", "query must be a dict or a Query, not str"),
        ({}, r"query: \$expr: Field required"),
        ({"$expr": {"$near": []}}, r"query: \$expr: Input should be an operation"),
    ],
)
def test_what_is_no_query_is_refused(given, message):
    """The error is of queries, and says where it is wrong."""
    with pytest.raises(InvalidQueryError, match=message):
        query_of(given)


def test_a_part_that_does_not_fit_is_named():
    """In a request, and in a part of one."""
    with pytest.raises(InvalidRequest, match="^limit: Input should be a valid integer"):
        request_of(tsi.FeedbackQueryReq, project_id="e/p", limit="many")
    with pytest.raises(InvalidRequest, match="^filter: op_names: Input should be a valid list"):
        model_of("filter", tsi.CallsFilter, {"op_names": 1}, InvalidRequest)
