"""Models as JSON text."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from weave_lite.trace_server.interface.model_json import model_json

NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=dt.UTC)


class Inner(BaseModel):
    at: dt.datetime = NOON


class Sample(BaseModel):
    value: Any = None
    at: dt.datetime = NOON
    inner: list[Inner] = []
    from_: str = Field("x", alias="from")


def nested(depth):
    value = None
    for _ in range(depth):
        value = [value]
    return value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
)


@given(VALUES, st.datetimes(timezones=st.just(dt.UTC)))
def test_it_is_what_pydantic_writes(value, moment):
    """Names on the wire and all; and read back it is the same."""
    model = Sample(value=value, at=moment, inner=[Inner(at=moment)])
    assert model_json(model) == model.model_dump_json(by_alias=True)
    assert Sample.model_validate_json(model_json(model)) == model


@pytest.mark.parametrize("odd", [nested(400), "half \ud800"], ids=["deep", "half"])
def test_what_pydantic_refuses_is_written_the_same_way(odd):
    """Dates and names, in all other fields."""
    model = Sample(value=[odd, NOON], inner=[Inner()])
    with pytest.raises(ValueError, match="serializing|surrogates"):
        model.model_dump_json()

    written = json.loads(model_json(model))

    first, second = written.pop("value")
    assert first == (odd if isinstance(odd, list) else r"half \ud800")
    assert second == "2026-01-02T12:00:00.000005Z"
    assert written == json.loads(model.model_dump_json(by_alias=True, exclude={"value"}))
