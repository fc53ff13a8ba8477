"""Calls: the rows of calls by their integers, and the one mapping of a row to a record.

A record keeps its values as JSON text; :func:`decoded` reads them.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from weave_lite.core import jsontext
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedCall
from weave_lite.trace_server.query import derived

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["ALL_COLUMNS", "Columns", "chosen_columns", "decoded", "row_by_id", "rows_by_pk"]

_ALWAYS: Final = frozenset({"id", "project_id", "trace_id", "op_name", "started_at"})
# Asking for the summary loads these too, because the reference derives it from them.
_WITH_SUMMARY: Final = frozenset({"ended_at", "exception", "display_name"})


class Columns(NamedTuple):
    """Which columns were asked for. Small ones are always read: the summary is derived of them."""

    attributes: bool = True
    inputs: bool = True
    output: bool = True
    summary: bool = True
    # Names of other columns to blank, as positions in EncodedCall.
    blanks: tuple[int, ...] = ()


ALL_COLUMNS: Final = Columns()


def chosen_columns(names: Sequence[str] | None) -> Columns:
    """Read the ``columns`` of a request: of a path its first part counts, unknown names do not.

    Args:
        names: Column names or paths below them; none means all.
    """
    if not names:
        return ALL_COLUMNS
    chosen = {name.partition(".")[0] for name in names} | _ALWAYS
    if "summary" in chosen:
        chosen |= _WITH_SUMMARY
    blanks = tuple(
        position
        for position, field in enumerate(EncodedCall._fields)
        if not field.endswith("_json") and field not in chosen
    )
    return Columns(
        "attributes" in chosen, "inputs" in chosen, "output" in chosen, "summary" in chosen, blanks
    )


def rows_by_pk(
    raw: sqlite3.Connection, project_id: str, pks: Sequence[int], columns: Columns
) -> list[EncodedCall]:
    """Read calls by their integers, in the order of these."""
    values = (project_id, orjson.dumps(pks).decode())
    found = {row[-1]: row for row in raw.execute(_select(columns, _BY_PK), values)}
    return [_encoded(found[pk], columns) for pk in pks]


def row_by_id(
    raw: sqlite3.Connection, project_id: str, project: int, call_id: str
) -> EncodedCall | None:
    """Read one call by its id; None when there is none to be seen."""
    row = raw.execute(_select(ALL_COLUMNS, _BY_ID), (project_id, project, call_id)).fetchone()
    return None if row is None else _encoded(row, ALL_COLUMNS)


def decoded(call: EncodedCall) -> tsi.CallSchema:
    """Read the values of a record. They come from our own store, so nothing is checked again."""
    parse = jsontext.parse
    ended_at = call.ended_at
    return tsi.CallSchema.from_trusted(
        {
            "id": call.id,
            "project_id": call.project_id,
            "op_name": call.op_name,
            "display_name": call.display_name,
            "trace_id": call.trace_id,
            "parent_id": call.parent_id,
            "thread_id": call.thread_id,
            "turn_id": call.turn_id,
            "started_at": _EPOCH + _delta(0, 0, call.started_at),
            "attributes": parse(call.attributes_json) if call.attributes_json else {},
            "inputs": parse(call.inputs_json) if call.inputs_json else {},
            "ended_at": None if ended_at is None else _EPOCH + _delta(0, 0, ended_at),
            "exception": call.exception,
            "output": parse(call.output_json) if call.output_json else None,
            "summary": parse(call.summary_json),
            "wb_user_id": call.wb_user_id,
            "wb_run_id": call.wb_run_id,
            "deleted_at": None,
            "storage_size_bytes": call.storage_size_bytes,
            "total_storage_size_bytes": call.total_storage_size_bytes,
        }
    )


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_delta = dt.timedelta


@lru_cache(maxsize=128)
def _select(columns: Columns, where: str) -> str:
    """Write the statement for a choice of columns; what is not asked for is not joined."""
    attributes, inputs, output, summary, _ = columns
    words = [
        "SELECT c.id, ?, o.op_name, c.display_name, c.trace_id, c.parent_id, c.thread_id,",
        "c.turn_id, c.started_at,",
        "a.attributes," if attributes else "NULL,",
        "i.inputs," if inputs else "NULL,",
        "c.ended_at, c.exception,",
        "u.output," if output else "NULL,",
        "c.summary," if summary else "NULL,",
        "c.wb_user_id, c.wb_run_id, NULL, NULL, c.pk FROM calls AS c",
        "LEFT JOIN op_names AS o ON o.pk = c.op",
        "LEFT JOIN attribute_sets AS a ON a.pk = c.attributes" if attributes else "",
        "LEFT JOIN call_inputs AS i ON i.pk = c.pk" if inputs else "",
        "LEFT JOIN call_outputs AS u ON u.pk = c.pk" if output else "",
        where,
    ]
    return " ".join(words)


_BY_PK: Final = "WHERE c.pk IN (SELECT value FROM json_each(?))"
_BY_ID: Final = (
    "WHERE c.project = ? AND c.id = ? AND c.started_at IS NOT NULL AND c.deleted_at IS NULL"
)


def _encoded(row: tuple[Any, ...], columns: Columns) -> EncodedCall:
    """Map a row to a record: drop the integer, derive the summary, blank what was not asked for."""
    fields = list(row)
    fields.pop()
    fields[_SUMMARY] = _summary(row[14], row[2], row[3], row[8], row[11], row[12])
    for position in columns.blanks:
        fields[position] = None
    return EncodedCall._make(fields)


_SUMMARY: Final = EncodedCall._fields.index("summary_json")


def _summary(
    stored: str | None,
    op_name: str,
    display_name: str | None,
    started_at: int,
    ended_at: int | None,
    exception: str | None,
) -> str:
    """Put what the server derives over the stored summary; other keys of ``weave`` stay."""
    status = derived.status(exception, ended_at)
    name = (
        f'"display_name":{orjson.dumps(display_name).decode()}'
        if display_name
        else _trace_name(op_name)
    )
    if ended_at is None:
        weave = f'{{"status":"{status}",{name}}}'
    else:
        weave = f'{{"status":"{status}",{name},"latency_ms":{derived.latency_ms(started_at, ended_at)}}}'
    if stored is None or len(stored) <= len("{}"):
        return f'{{"weave":{weave}}}'
    if '"weave"' in stored:
        summary = jsontext.parse(stored)
        if isinstance(summary.get("weave"), dict):
            summary["weave"].update(orjson.loads(weave))
        else:
            summary["weave"] = orjson.loads(weave)
        return jsontext.compact(summary)
    return f'{stored[:-1]},"weave":{weave}}}'


@lru_cache(maxsize=1024)
def _trace_name(op_name: str) -> str:
    return f'"trace_name":{orjson.dumps(derived.op_short_name(op_name)).decode()}'
