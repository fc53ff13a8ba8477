"""Calls as a data frame: columns are filled part by part, so that no call is kept beside its values."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from weave_lite.core import clock, jsontext
from weave_lite.serialize.read import is_plain_text
from weave_lite.trace.call import UNCALLED_DISPLAY_NAME
from weave_lite.trace_server.interface.encoded import EncodedCall

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

    from weave_lite.trace.call import Call

__all__ = ["collection_paused", "frame_of_calls", "frame_of_records"]

_ORDER = (
    "op_name", "trace_id", "project_id", "parent_id", "inputs", "id", "output", "exception",
    "summary", "display_name", "attributes", "started_at", "ended_at", "deleted_at",
)  # fmt: skip
_DATES = frozenset({"started_at", "ended_at", "deleted_at"})
_DICTS = frozenset({"inputs", "attributes", "summary"})
_TEXTS = ("op_name", "trace_id", "project_id", "parent_id", "id", "exception", "display_name")
_CALLS_PER_PART = 100
_FIELDS = EncodedCall._fields
# What numpy takes as a date that is not there.
_NO_DATE = -(2**63)


def frame_of_calls(calls: Iterable[Call]) -> pd.DataFrame:
    """Make a data frame of calls: a row each, its columns the keys of ``to_dict()``.

    Raises:
        OpNameError: The op name of a call is not a text.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _ORDER}
    for part in _parts(calls):
        for name in _TEXTS:
            columns[name] += [getattr(call, name) for call in part]
        for name in ("inputs", "output", "summary"):
            columns[name] += [getattr(call, name) for call in part]
        for name in _DATES:
            columns[name] += [_micros(getattr(call, name)) for call in part]
        columns["attributes"] += [dict(call.attributes) for call in part]
    columns["display_name"] = [
        UNCALLED_DISPLAY_NAME if callable(name) else name for name in columns["display_name"]
    ]
    return _framed(columns)


def frame_of_records(records: Iterable[EncodedCall], decode: Callable[[str], Any]) -> pd.DataFrame:
    """Make the same data frame of calls as they are stored.

    Args:
        records: The calls.
        decode: Reads the text of inputs, outputs and attributes.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _ORDER}
    attributes = _Attributes(decode)
    with collection_paused():
        for part in _parts(records):
            # The columns of a part at once; what is not asked for is None in all of it.
            by_name = dict(zip(_FIELDS, zip(*part, strict=True), strict=True))
            for name in _TEXTS:
                columns[name] += by_name[name]
            columns["inputs"] += _values(by_name["inputs_json"], dict, decode)
            columns["output"] += _values(by_name["output_json"], _none, decode)
            columns["attributes"] += map(attributes.read, by_name["attributes_json"])
            columns["summary"] += jsontext.parse_all(by_name["summary_json"])
            columns["started_at"] += by_name["started_at"]
            columns["ended_at"] += [_NO_DATE if t is None else t for t in by_name["ended_at"]]
        columns["deleted_at"] = [_NO_DATE] * len(columns["id"])
        return _framed(columns)


def _values(
    texts: Sequence[str | None], without: Callable[[], Any], decode: Callable[[str], Any]
) -> list[Any]:
    """Read the texts of a part; most are plain, and are read in one go."""
    plain = [text for text in texts if text is not None and is_plain_text(text)]
    if len(plain) == len(texts):
        return jsontext.parse_all(plain)
    return [without() if text is None else decode(text) for text in texts]


class _Attributes:
    """Reads the attributes of calls, of which there are few: what was read once is copied.

    Args:
        decode: Reads their text.
    """

    def __init__(self, decode: Callable[[str], Any]) -> None:
        self._decode = decode
        self._known: dict[str, dict[str, Any]] = {}

    def read(self, text: str | None) -> dict[str, Any]:
        """Give the attributes as a dict of the caller's own."""
        if text is None:
            return {}
        known = self._known.get(text)
        if known is None:
            found: dict[str, Any] = self._decode(text)
            if len(self._known) < _MOST_ATTRIBUTES and all(map(_is_flat, found.values())):
                self._known[text] = _copied(found)
            return found
        return _copied(known)


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    return {key: part.copy() if type(part) is dict else part for key, part in values.items()}


def _is_flat(value: Any) -> bool:
    """Tell whether a copy of the container itself is a copy of all of it."""
    if type(value) is dict:
        return all(type(part) in _SCALARS for part in value.values())
    return type(value) in _SCALARS


_SCALARS = frozenset({str, int, float, bool, type(None)})
_MOST_ATTRIBUTES = 1000


def _parts(given: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(given)
    while part := list(islice(remaining, _CALLS_PER_PART)):
        yield part


def _framed(columns: dict[str, list[Any]]) -> pd.DataFrame:
    import numpy as np  # noqa: PLC0415 - comes with pandas
    import pandas as pd  # noqa: PLC0415 - an optional package

    series: dict[str, Any] = {}
    for name, values in columns.items():
        if name in _DATES:
            dates = np.array(values, dtype="int64").view("datetime64[us]")
            series[name] = pd.Series(dates).dt.tz_localize("UTC")
        elif name in _DICTS:
            # To look for their type would touch every value once more.
            series[name] = pd.Series(values, dtype=object)
        else:
            series[name] = pd.Series(values)
    return pd.DataFrame(series, copy=False)


def _none() -> None:
    """Give the output of a call that has none."""


def _micros(moment: dt.datetime | None) -> int:
    return _NO_DATE if moment is None else clock.to_micros(moment)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Do not look for reference cycles inside the block.

    Where many values are made and all are kept, looking through them again and again costs more
    than making them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if not gc.get_freeze_count():
                # All that is here now counts as old: it is not looked through at once.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
