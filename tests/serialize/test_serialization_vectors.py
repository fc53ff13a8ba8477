"""The measured records of ``serialization.json``: every row that needs no class of the SDK."""

from __future__ import annotations

import json

import pydantic
import pytest
from serialization_vectors import NATURAL, VECTORS, definitions

from weave_lite.core import jsontext
from weave_lite.core.digest import digest_json
from weave_lite.core.refs import ObjectRef
from weave_lite.serialize import registry, walk

# Classes of the SDK, which other tests have.
NEEDS_SDK = ("weave.", "WO(", "WOOuter(", "PIL.Image", "[WO(")


class Refs:
    """Just enough of the package for the rows that hold a ref."""

    @staticmethod
    def ref(text):
        name, _, digest = text.partition(":")
        return ObjectRef("ent", "proj", name, digest)

    class Object(pydantic.BaseModel):
        name: str | None = None
        description: str | None = None
        ref: str | None = None


@pytest.fixture(scope="module")
def names():
    """The definitions that the rows use."""
    return definitions(Refs)


def rows(part):
    return [
        pytest.param(row, id=f"{at}-{row['expr'][:40]}")
        for at, row in enumerate(VECTORS[part])
        if not any(mark in row["expr"] for mark in NEEDS_SDK)
        or row["expr"].startswith("weave.ref(")
    ]


def test_most_rows_are_tested_here():
    """A change of the file must not empty these tests."""
    assert (len(rows("values")), len(rows("published"))) == (73, 7)


@pytest.mark.parametrize("row", rows("values"))
def test_recorded_value(row, names, store):
    """Input and output alike; ``ours`` where it differs from the reference."""
    expected = row.get("ours", NATURAL.get(row["expr"], row.get("recorded_as_output")))
    stored = jsontext.parse(walk.encode(eval(row["expr"], names), store).text)
    assert json.dumps(stored) == json.dumps(expected)


@pytest.mark.parametrize("row", rows("published"))
def test_published_value(row, names, store):
    """The record and its digest."""
    text = walk.encode(eval(row["expr"], names), store, redact=False).text
    stored = jsontext.parse(text)
    assert json.dumps(stored) == json.dumps(row.get("ours", row["val"]))
    assert digest_json(stored) == row.get("ours_digest", row["digest"])


def test_a_refable_class_is_saved_on_its_own(names, store):
    """Like ``weave.Object``: its URI stands in values, in lists and in fields of other records."""

    class WO(names["PM"]):
        pass

    registry.register_refable(WO)
    one, two = WO(a=1), WO(a=2)
    nested = names["DC"](one, [two])
    stored = jsontext.parse(walk.encode([one, {"k": nested}], store).text)
    assert store.objects == [one, one, two]
    uris = [f"weave:///ent/proj/object/saved:{at}" for at in (1, 2, 3)]
    record = {"_type": "DC", "a": uris[1], "b": [uris[2]], "_class_name": "DC", "_bases": []}
    assert stored == [uris[0], {"k": record}]
