"""What the errors of trace servers mean."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import orjson
import pytest

from weave_lite.core import errors
from weave_lite.trace_server_bindings.server_errors import error_of


def error(status, body=b"", **headers):
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return error_of("http://s", "/x", status, content, headers)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"reason": "bad"}, errors.InvalidRequest, "bad"),
        (400, {"reason": "f", "kind": "InvalidFieldError"}, errors.InvalidFieldError, "f"),
        (400, {"reason": "f", "kind": "KeyboardInterrupt"}, errors.InvalidRequest, "f"),
        (400, {"reason": "k", "api_key": "K"}, errors.MissingLLMApiKeyError, "k"),
        (401, {"reason": "no"}, errors.AccessDeniedError, "refuses the key: no; set WANDB_API_KEY"),
        (403, b"<html>", errors.AccessDeniedError, "Forbidden"),
        (404, {"detail": "Not Found"}, errors.NotFoundError, "Not Found"),
        (404, {"reason": "r", "deleted_at": "x"}, errors.NotFoundError, "r"),
        (413, {"reason": "large"}, errors.RequestTooLarge, "large"),
        (413, {"reason": "row", "kind": "InsertTooLarge"}, errors.InsertTooLarge, "row"),
        (422, {"detail": [{"loc": ["a"]}]}, errors.InvalidRequest, '"loc"'),
        (429, {"reason": "slow"}, errors.RemoteServerError, "answered /x with 429: slow"),
        (500, b"", errors.RemoteServerError, "Internal Server Error"),
        (501, {"reason": "never"}, errors.NotSupportedError, "does not support /x: never"),
        (599, [1], errors.RemoteServerError, "599"),
    ],
)
def test_statuses(status, body, kind, words):
    """Each status has its error, with the words of the server."""
    found = error(status, body)
    assert type(found) is kind
    assert words in str(found)


def test_errors_keep_their_fields():
    """What the server tells besides the reason."""
    deleted = error(404, {"reason": "gone", "deleted_at": "2024-03-01T10:00:00"})
    assert deleted.deleted_at == dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)
    digest = error(
        409, {"reason": "r", "kind": "DigestMismatchError", "expected": "a", "actual": "b"}
    )
    assert (digest.expected, digest.actual) == ("a", "b")
    assert error(400, {"reason": "k", "api_key": "K"}).api_key_name == "K"
    assert error(503, b"").status == 503


def test_how_long_to_wait():
    """In seconds, or until a date; what is neither is not said."""
    soon = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60), usegmt=True)
    assert error(503, **{"Retry-After": "2.5"}).retry_after_s == 2.5
    assert 50 < error(503, **{"Retry-After": soon}).retry_after_s <= 60
    assert error(503, **{"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}).retry_after_s == 0
    assert error(503, **{"Retry-After": "soon"}).retry_after_s is None
    assert error(503).retry_after_s is None
