"""Every row of ``serialization.json``, through the package root: as input, as output, and published."""

from __future__ import annotations

import json

import pytest
from serialization_vectors import NATURAL, VECTORS, definitions

import weave_lite
from weave_lite.core import jsontext
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi


@pytest.fixture(scope="module")
def client():
    """A client of the project of the measurement."""
    with memory_client("ent/proj", capture_client_info=False, capture_system_info=False) as client:
        yield client


@pytest.fixture(scope="module")
def names(client):
    """The definitions that the rows use."""
    return definitions(weave_lite)


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
