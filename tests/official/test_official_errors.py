"""Errors of ours, and what the official client of each generation gets in their place."""

from __future__ import annotations

import datetime as dt
import sys

import pytest
from pydantic import ValidationError

from weave_lite.core import errors
from weave_lite.official.errors import told_as
from weave_lite.trace_server import trace_server_interface as tsi

DELETED = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
CASES = [
    (errors.NotFoundError("no"), "NotFoundError", 404, "NotFoundError", {}),
    (
        errors.ObjectDeletedError("gone", DELETED),
        *("ObjectDeletedError", 404, "NotFoundError"),
        {"deleted_at": DELETED.isoformat()},
    ),
    (errors.InvalidRequest("bad"), "InvalidRequest", 400, "BadRequestError", {}),
    (errors.InvalidQueryError("bad"), "InvalidRequest", 400, "BadRequestError", {}),
    (errors.RequestTooLarge("big"), "RequestTooLarge", 413, "APIStatusError", {}),
    (errors.DigestMismatchError("a", "b"), "InvalidRequest", 409, "ConflictError", {}),
    (
        errors.MissingLLMApiKeyError("no key", "OPENAI_API_KEY"),
        *("MissingLLMApiKeyError", 400, "BadRequestError"),
        {"api_key": "OPENAI_API_KEY"},
    ),
]


def raised(known, error):
    with pytest.raises(Exception) as found, told_as(known):
        raise error
    return found.value


@pytest.mark.parametrize("error, name, status, new_name, facts", CASES, ids=lambda c: str(c)[:20])
def test_an_error_becomes_the_official_one(
    standin, generation, error, name, status, new_name, facts
):
    """By name for 0.51, by the status of the HTTP face for 0.54; ours is the cause."""
    found = raised(generation, error)
    assert (type(found).__name__, str(found)) == (
        name if generation == "0.51" else new_name,
        str(error),
    )
    assert found.__cause__ is error
    if generation == "0.51":
        assert type(found).__mro__[1].__name__ == "Error"
        expected = {**facts, **({"deleted_at": DELETED} if "deleted_at" in facts else {})}
        assert vars(found) == expected
    else:
        assert found.status_code == status
        assert found.body == {"reason": str(error), **facts}


def test_a_request_that_does_not_fit_its_model(standin, generation):
    """The newer client knows it as 422, the older as what pydantic raises."""
    with pytest.raises(ValidationError) as given:
        tsi.ObjReadReq.model_validate({})
    found = raised(generation, given.value)
    if generation == "0.51":
        assert found is given.value
    else:
        assert (type(found).__name__, found.status_code) == ("UnprocessableEntityError", 422)


def test_what_has_no_counterpart_stays_ours(standin, generation):
    """A fault of the store is no answer of 0.51; 0.54 sees a server that failed."""
    error = errors.StoreError("disk full")
    found = raised(generation, error)
    if generation == "0.51":
        assert found is error
    else:
        assert (type(found).__name__, found.status_code) == ("InternalServerError", 500)
    refusal = errors.NotSupportedError("no agents")
    assert raised(generation, refusal) is refusal
    other = ZeroDivisionError()
    assert raised(generation, other) is other
    assert "weave" in sys.modules
