"""Every row of ``serialization.json``, through the package root: as input, as output, and published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import weave_lite
from weave_lite.core import jsontext
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi

VECTORS = json.loads((Path(__file__).parent / "data" / "serialization.json").read_text())


def file_of(size, digest):
    """What stands in place of bytes."""
    mimetype = "application/octet-stream"
    return {"_weave_lite": "bytes", "digest": digest, "size_bytes": size, "mimetype": mimetype}


# The natural forms of rows that have no ``ours``.
NATURAL = {
    "datetime.timedelta(days=1, seconds=2)": 86402.0,
    "fractions.Fraction(1, 3)": "1/3",
    "complex(1, 2)": "(1+2j)",
    "range(3)": [0, 1, 2],
    "collections.deque([1, 2])": [1, 2],
    'ValueError("oops")': {"type": "ValueError", "message": "oops"},
    "LongRepr()": "L" * 1500,
    'b"bytes"': file_of(5, "J3CJ2RwL308uaGK6fkoHYFEZQx9dEYcm3TUrBvGyBqk"),
    'bytearray(b"ba")': file_of(2, "lw9RnCytvOXx6BaUXQS8YindKoMA6YxtDUYEv8pYQUA"),
}


@pytest.fixture(scope="module")
def client():
    """A client of the project of the measurement."""
    with memory_client("ent/proj", capture_client_info=False, capture_system_info=False) as client:
        yield client


@pytest.fixture(scope="module")
def names(client):
    """The definitions that the rows use; unnamed modules print as in the measurement."""
    scope = {"weave": weave_lite}
    # Not with this file's postponed annotations: pydantic could not read them until a model is used.
    exec(compile(VECTORS["imports_and_definitions"], "<rows>", "exec", dont_inherit=True), scope)
    return scope


def rows(part):
    return [pytest.param(r, id=f"{at}-{r['expr'][:40]}") for at, r in enumerate(VECTORS[part])]


def plain(value):
    """The value without what depends on the version of a PNG encoder, as text."""
    text = json.dumps(value)
    image = "viGu8X8LrwSxvxSPiiO9pOh5s0amRjf91xGXoBLmRqg"
    if '"image.png": ' in text:
        digest = value["files"]["image.png"]
        assert len(digest) == len(image)
        return text.replace(digest, image)
    return text


@pytest.mark.parametrize("row", rows("values"))
def test_as_input_and_as_output(row, names, client):
    """Both are the expected record."""
    if "PIL" in row["expr"]:
        pytest.importorskip("PIL.Image")
    expected = row.get("ours", NATURAL.get(row["expr"], row.get("recorded_as_input")))

    @weave_lite.op
    def ident(x):
        return x

    _, call = ident.call(eval(row["expr"], names))
    client.flush()
    read = client.server.call_read(tsi.CallReadReq(project_id="ent/proj", id=call.id)).call
    stored = [jsontext.parse(jsontext.compact(v)) for v in (read.inputs.get("x"), read.output)]
    assert [plain(value) for value in stored] == [json.dumps(expected)] * 2


@pytest.mark.parametrize("row", rows("published"))
def test_published(row, names, client):
    """The record, its digest, kind and class."""
    ref = weave_lite.publish(eval(row["expr"], names), row["name_argument"])
    client.flush()
    read = client.server.obj_read(
        tsi.ObjReadReq(project_id="ent/proj", object_id=row["object_id"], digest=ref.digest)
    ).obj
    assert json.dumps(read.val) == json.dumps(row.get("ours", row["val"]))
    assert (read.digest, read.kind, read.base_object_class) == (
        row.get("ours_digest", row["digest"]),
        row["kind"],
        row["base_object_class"],
    )
