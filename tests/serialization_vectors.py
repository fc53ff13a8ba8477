"""The rows of ``data/serialization.json``, and what the tests of them share."""

from __future__ import annotations

import json
from pathlib import Path

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


def definitions(sdk):
    """The names that the rows use, with ``sdk`` as ``weave``; unnamed modules print as in the measurement."""
    scope = {"weave": sdk}
    # Not with this file's postponed annotations: pydantic could not read them until a model is used.
    exec(compile(VECTORS["imports_and_definitions"], "<rows>", "exec", dont_inherit=True), scope)
    return scope
