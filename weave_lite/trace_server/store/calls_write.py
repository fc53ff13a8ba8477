"""Calls: how their parts are written. A call is the merge of its parts in any order of arrival.

A start and an end that come together are one insert. The statements are plain text, run on the
driver's connection: this is the path that every call takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from weave_lite.core.clock import now_micros
from weave_lite.core.ref_texts import refs_in_json
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.store import index_upkeep
from weave_lite.trace_server.store.connections import StoreConnection
from weave_lite.trace_server.store.lookups import attributes_pk, op_pk
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["INPUT", "OUTPUT", "batch", "delete", "end", "start", "update", "write_parts"]

# The sides of call_refs.
INPUT: Final = 0
OUTPUT: Final = 1

Part = EncodedStart | EncodedEnd

_INSERT_CALL: Final = (
    "INSERT INTO calls (pk, project, id, trace_id, parent_id, op, display_name, started_at,"
    " attributes, ended_at, summary, exception, wb_user_id, wb_run_id, thread_id, turn_id)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT_KNOWN: Final = (
    "SELECT id, pk, started_at IS NOT NULL, ended_at IS NOT NULL FROM calls"
    " WHERE project = ? AND id IN (SELECT value FROM json_each(?))"
)
# The same for one call, at half the cost.
_SELECT_KNOWN_ONE: Final = (
    "SELECT id, pk, started_at IS NOT NULL, ended_at IS NOT NULL FROM calls"
    " WHERE project = ? AND id = ?"
)
_PUT_INPUTS: Final = (
    "INSERT INTO call_inputs (pk, inputs) VALUES (?, ?)"
    " ON CONFLICT (pk) DO UPDATE SET inputs = excluded.inputs"
)
_PUT_OUTPUT: Final = (
    "INSERT INTO call_outputs (pk, output) VALUES (?, ?)"
    " ON CONFLICT (pk) DO UPDATE SET output = excluded.output"
)
# One value may hold a ref twice.
_PUT_REF: Final = "INSERT OR IGNORE INTO call_refs (project, ref, side, call) VALUES (?, ?, ?, ?)"
# The parts of a row that an end without its start leaves open, see _INSERT_CALL.
_NO_START: Final = (None, None, None, None, None, None)
_NO_IDS: Final = (None, None, None, None)


class _Known(NamedTuple):
    """What is stored of a call whose further parts arrive."""

    pk: int
    has_start: bool
    has_end: bool


def start(conn: StoreConnection, part: EncodedStart) -> tsi.CallStartRes:
    """Store the start of a call."""
    write_parts(conn, (part,))
    return tsi.CallStartRes.from_trusted({"id": part.id, "trace_id": part.trace_id})


def end(conn: StoreConnection, part: EncodedEnd) -> tsi.CallEndRes:
    """Store the end of a call; it waits for its start if that has not come."""
    write_parts(conn, (part,))
    return tsi.CallEndRes()


def batch(conn: StoreConnection, parts: Sequence[Part]) -> tsi.CallCreateBatchRes:
    """Store starts and ends as if one after the other."""
    write_parts(conn, parts)
    ended = tsi.CallEndRes()
    return tsi.CallCreateBatchRes.from_trusted(
        {
            "res": [
                tsi.CallStartRes.from_trusted({"id": part.id, "trace_id": part.trace_id})
                if type(part) is EncodedStart
                else ended
                for part in parts
            ]
        }
    )


def update(conn: StoreConnection, req: tsi.CallUpdateReq) -> tsi.CallUpdateRes:
    """Set the display name of a call, or clear it; it wins over that of any start."""
    project = project_pk(conn, req.project_id, create=True)
    conn.raw.execute(
        "INSERT INTO calls (project, id, display_name, is_renamed) VALUES (?, ?, ?, 1)"
        " ON CONFLICT (project, id) DO UPDATE"
        " SET display_name = excluded.display_name, is_renamed = 1",
        (project, req.call_id, req.display_name or None),
    )
    return tsi.CallUpdateRes()


def delete(conn: StoreConnection, req: tsi.CallsDeleteReq) -> tsi.CallsDeleteRes:
    """Mark calls and all their descendants as deleted; unknown ids are ignored."""
    project = project_pk(conn, req.project_id, create=False)
    if project is None:
        return tsi.CallsDeleteRes(num_deleted=0)
    raw = conn.raw
    # UNION, not UNION ALL: a ring of parents must come to an end.
    doomed = raw.execute(
        "WITH RECURSIVE doomed (id) AS ("
        " SELECT value FROM json_each(:ids)"
        " UNION SELECT child.id FROM doomed JOIN calls AS child"
        " ON child.project = :project AND child.parent_id = doomed.id)"
        " SELECT calls.pk, calls.started_at IS NOT NULL FROM doomed JOIN calls"
        " ON calls.project = :project AND calls.id = doomed.id WHERE calls.deleted_at IS NULL",
        {"ids": orjson.dumps(req.call_ids).decode(), "project": project},
    ).fetchall()
    now = now_micros()
    raw.executemany("UPDATE calls SET deleted_at = ? WHERE pk = ?", [(now, pk) for pk, _ in doomed])
    return tsi.CallsDeleteRes(num_deleted=sum(is_visible for _, is_visible in doomed))


def write_parts(conn: StoreConnection, parts: Iterable[Part]) -> None:
    """Write parts of calls, with the same outcome as one after the other.

    Of several starts of one call the last one counts, and likewise of several ends.
    """
    projects: dict[str, dict[str, list[Any]]] = {}
    for part in parts:
        project_id, call_id = part[0], part[1]
        calls = projects.get(project_id)
        if calls is None:
            calls = projects[project_id] = {}
        pair = calls.get(call_id)
        if pair is None:
            pair = calls[call_id] = [None, None]
        pair[type(part) is EncodedEnd] = part
    state = conn
    for project_id, calls in projects.items():
        _write_calls(state, project_pk(conn, project_id, create=True), calls)
    index_upkeep.keep_up(conn)


def _write_calls(state: StoreConnection, project: int, calls: dict[str, list[Any]]) -> None:
    known = _known(state, project, calls)
    if known:
        for call_id, stored in known.items():
            _merge(state, project, stored, *calls.pop(call_id))
    if calls:
        _insert(state, project, calls)


def _known(state: StoreConnection, project: int, calls: dict[str, list[Any]]) -> dict[str, _Known]:
    """Look up which of these calls have parts stored already."""
    if len(calls) == 1:
        (call_id,) = calls
        rows = state.raw.execute(_SELECT_KNOWN_ONE, (project, call_id))
    else:
        rows = state.raw.execute(_SELECT_KNOWN, (project, orjson.dumps(list(calls)).decode()))
    return {row[0]: _Known(*row[1:]) for row in rows}


def _insert(state: StoreConnection, project: int, calls: dict[str, list[Any]]) -> None:
    """Insert calls of which nothing is stored yet."""
    raw = state.raw
    ((pk,),) = raw.execute("SELECT coalesce(max(pk), 0) FROM calls").fetchall()
    op_pks, attribute_pks = state.op_pks, state.attribute_pks
    default = default_user()
    rows: list[tuple[Any, ...]] = []
    inputs: list[tuple[int, str]] = []
    outputs: list[tuple[int, str]] = []
    refs: list[tuple[int, str, int, int]] = []
    for call_id, (first, last) in calls.items():
        pk += 1
        if last is None:
            ended_at = exception = summary = None
        else:
            _, _, ended_at, exception, output, summary, output_refs = last
            outputs.append((pk, output))
            if output_refs:
                refs += [(project, ref, OUTPUT, pk) for ref in output_refs]
        if first is None:
            rows.append((pk, project, call_id, *_NO_START, ended_at, summary, exception, *_NO_IDS))
            continue
        (_, _, trace_id, parent_id, op_name, display_name, started_at, attributes, input_json,
         input_refs, user, run, thread, turn) = first  # fmt: skip
        op = op_pks.get(op_name) or op_pk(state, op_name)
        attribute_set = attribute_pks.get(attributes) or attributes_pk(state, attributes)
        rows.append(
            (pk, project, call_id, trace_id, parent_id, op, display_name, started_at,
             attribute_set, ended_at, summary, exception, default if user is None else user, run, thread, turn)
        )  # fmt: skip
        inputs.append((pk, input_json))
        if input_refs:
            refs += [(project, ref, INPUT, pk) for ref in input_refs]
    raw.executemany(_INSERT_CALL, rows)
    raw.executemany(_PUT_INPUTS, inputs)
    raw.executemany(_PUT_OUTPUT, outputs)
    if refs:
        raw.executemany(_PUT_REF, refs)


def _merge(
    state: StoreConnection,
    project: int,
    known: _Known,
    first: EncodedStart | None,
    last: EncodedEnd | None,
) -> None:
    """Put new parts over what is stored of a call; a name set by an update stays, deletion too."""
    raw, pk = state.raw, known.pk
    if first is not None:
        if known.has_start:
            _remove_refs(state, project, pk, INPUT)
        raw.execute(
            "UPDATE calls SET trace_id = ?, parent_id = ?, op = ?,"
            " display_name = CASE WHEN is_renamed THEN display_name ELSE ? END,"
            " started_at = ?, attributes = ?,"
            " wb_user_id = ?, wb_run_id = ?, thread_id = ?, turn_id = ? WHERE pk = ?",
            (
                first.trace_id,
                first.parent_id,
                op_pk(state, first.op_name),
                first.display_name,
                first.started_at,
                attributes_pk(state, first.attributes_json),
                default_user() if first.wb_user_id is None else first.wb_user_id,
                first.wb_run_id,
                first.thread_id,
                first.turn_id,
                pk,
            ),
        )
        raw.execute(_PUT_INPUTS, (pk, first.inputs_json))
        raw.executemany(_PUT_REF, [(project, ref, INPUT, pk) for ref in first.input_refs])
    if last is not None:
        if known.has_end:
            _remove_refs(state, project, pk, OUTPUT)
        raw.execute(
            "UPDATE calls SET ended_at = ?, exception = ?, summary = ? WHERE pk = ?",
            (last.ended_at, last.exception, last.summary_json, pk),
        )
        raw.execute(_PUT_OUTPUT, (pk, last.output_json))
        raw.executemany(_PUT_REF, [(project, ref, OUTPUT, pk) for ref in last.output_refs])


def _remove_refs(state: StoreConnection, project: int, pk: int, side: int) -> None:
    """Remove the refs of a value that is about to be replaced; they are found in the value."""
    row = state.raw.execute(_SELECT_VALUE[side], (pk,)).fetchone()
    if row is not None:
        state.raw.executemany(
            "DELETE FROM call_refs WHERE project = ? AND ref = ? AND side = ? AND call = ?",
            [(project, ref, side, pk) for ref in refs_in_json(row[0])],
        )


_SELECT_VALUE: Final = (
    "SELECT inputs FROM call_inputs WHERE pk = ?",
    "SELECT output FROM call_outputs WHERE pk = ?",
)
