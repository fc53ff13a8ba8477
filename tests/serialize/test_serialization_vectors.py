"""The measured records of ``serialization.json``: every row that needs no class of the SDK."""

from __future__ import annotations

import json
from pathlib import Path

import pydantic
import pytest

from weave_lite.core import jsontext
from weave_lite.core.digest import digest_json
from weave_lite.core.refs import ObjectRef
from weave_lite.serialize import registry, walk

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "serialization.json").read_text())

# Rows whose form is not in the file: files, and natural forms of design.md section 6.
NATURAL = {
    "datetime.timedelta(days=1, seconds=2)": 86402.0,
    "fractions.Fraction(1, 3)": "1/3",
    "complex(1, 2)": "(1+2j)",
    "range(3)": [0, 1, 2],
    "collections.deque([1, 2])": [1, 2],
    'ValueError("oops")': {"type": "ValueError", "message": "oops"},
    "LongRepr()": "L" * 1500,
    'b"bytes"': {
        "_weave_lite": "bytes",
        "digest": "J3CJ2RwL308uaGK6fkoHYFEZQx9dEYcm3TUrBvGyBqk",
        "size_bytes": 5,
        "mimetype": "application/octet-stream",
    },
    'bytearray(b"ba")': {
        "_weave_lite": "bytes",
        "digest": "lw9RnCytvOXx6BaUXQS8YindKoMA6YxtDUYEv8pYQUA",
        "size_bytes": 2,
        "mimetype": "application/octet-stream",
    },
}
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
    """The definitions that the rows use; unnamed modules print as in the measurement."""
    scope = {"weave": Refs}
    # Not with this file's postponed annotations: pydantic could not read them until a model is used.
    exec(compile(VECTORS["imports_and_definitions"], "<rows>", "exec", dont_inherit=True), scope)
    return scope


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
