"""Stored JSON of each version, kept for ever: it must stay readable.

Each file of ``cases/`` belongs to one release and is never changed: ``stored`` is the JSON text,
``files`` its files (base64 by digest), ``reads_as`` the Python source of what it reads as.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from weave_lite.core import jsontext, refs
from weave_lite.serialize import walk
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.read import decode

FILES = sorted((Path(__file__).parent / "cases").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{file.stem}-{case['name']}")
    for file in FILES
    for case in json.loads(file.read_text())["cases"]
]


def load(case, store):
    store.files.update({d: base64.b64decode(text) for d, text in case.get("files", {}).items()})
    return decode(jsontext.parse(case["stored"]), store)


def test_there_is_a_file_for_this_release():
    """Add one with each release that changes a stored form."""
    assert [file.stem for file in FILES][:1] == ["0.1.0"]


@pytest.mark.parametrize("case", CASES)
def test_still_readable(case, store):
    """It reads as it always did."""
    value = load(case, store)
    if case["reads_as"].startswith("opaque"):
        assert isinstance(value, OpaqueValue)
        assert value.record == jsontext.parse(case["stored"])
    else:
        expected = eval(case["reads_as"], {"dt": dt, "refs": refs, "np": np})
        np.testing.assert_equal(value, expected)
        assert type(value) is type(expected)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.values[0].get("is_written_alike", True)]
)
def test_still_written_alike(case, store):
    """What was read is stored as it was, so digests of unchanged values do not move."""
    assert walk.encode(load(case, store), store, redact=False).text == case["stored"]
