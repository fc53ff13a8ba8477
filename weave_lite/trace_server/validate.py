"""The limits of a request, checked before a transaction opens; each message names the field.

Starts and ends of calls leave here written (``interface.encoded``), so that no lock is held while
JSON is made. Knows no store.
"""

from __future__ import annotations

import re
from typing import Any, Final

from weave_lite.core import jsontext
from weave_lite.core.clock import to_micros
from weave_lite.core.errors import (
    EncodeError,
    InvalidRequest,
    RequestTooLarge,
)
from weave_lite.core.ids import new_id
from weave_lite.core.ref_texts import refs_in_json
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.interface.texts import check_project_id as project_id

__all__ = [
    "call_batch",
    "call_end",
    "call_read",
    "call_start",
    "call_update",
    "calls_delete",
    "calls_query",
    "calls_query_stats",
    "obj_create",
    "obj_delete",
    "objs_query",
    "op_create",
    "plain",
    "project_id",
    "refs_read_batch",
    "table_query",
]

MAX_LIST_LENGTH: Final = 1000
MAX_DELETED_DIGESTS: Final = 100
# Where a value of compact JSON begins with the hosted service's own form of a ref.
_INTERNAL_VALUE = re.compile(r'(?:^|[\[{,:])\s?"weave-trace-internal:')


def plain(req: Any, *fields: str) -> None:
    """Check the project id of a request, and that the texts of ``fields`` can be stored.

    Raises:
        InvalidRequest: One of them is refused; the message names it.
    """
    project_id(req.project_id)
    for field in fields:
        texts.check_text(getattr(req, field), field)


# --- calls: writing ---


def call_start(req: tsi.CallStartReq) -> EncodedStart:
    """Check and write the start of a call; ids that are left out are made.

    Raises:
        InvalidRequest: A field breaks a limit, or a value is not JSON.
    """
    start = req.start
    project_id(start.project_id, "start.project_id")
    call_id, trace_id, op_name = start.id, start.trace_id, start.op_name
    if call_id is None:
        call_id = new_id()
    else:
        texts.check_call_id(call_id, "start.id")
    if trace_id is None:
        trace_id = new_id()
    else:
        texts.check_call_id(trace_id, "start.trace_id")
    if start.parent_id is not None:
        texts.check_call_id(start.parent_id, "start.parent_id")
    texts.check_op_name(op_name, "start.op_name")
    texts.check_display_name(start.display_name, "start.display_name")
    texts.check_text(start.wb_user_id, "start.wb_user_id")
    texts.check_text(start.wb_run_id, "start.wb_run_id")
    texts.check_text(start.thread_id, "start.thread_id")
    texts.check_text(start.turn_id, "start.turn_id")
    inputs_json = _json(start.inputs, "start.inputs")
    return EncodedStart(
        start.project_id,
        call_id,
        trace_id,
        start.parent_id,
        op_name,
        start.display_name,
        to_micros(start.started_at),
        _json(start.attributes, "start.attributes"),
        inputs_json,
        refs_in_json(inputs_json),
        start.wb_user_id,
        start.wb_run_id,
        start.thread_id,
        start.turn_id,
    )


def call_end(req: tsi.CallEndReq) -> EncodedEnd:
    """Check and write the end of a call.

    Raises:
        InvalidRequest: A field breaks a limit, or a value is not JSON.
    """
    end = req.end
    project_id(end.project_id, "end.project_id")
    texts.check_call_id(end.id, "end.id")
    texts.check_text(end.exception, "end.exception")
    output_json = _json(end.output, "end.output")
    return EncodedEnd(
        end.project_id,
        end.id,
        to_micros(end.ended_at),
        end.exception,
        output_json,
        _json(end.summary, "end.summary"),
        refs_in_json(output_json),
    )


def call_batch(req: tsi.CallCreateBatchReq) -> list[EncodedStart | EncodedEnd]:
    """Check and write all items of a batch, so that a bad one is known before any is stored.

    Raises:
        InvalidRequest: An item is refused; the message names it.
    """
    parts: list[EncodedStart | EncodedEnd] = []
    for index, item in enumerate(req.batch):
        part = item.req
        try:
            if item.mode == "start" and isinstance(part, tsi.CallStartReq):
                parts.append(call_start(part))
            elif item.mode == "end" and isinstance(part, tsi.CallEndReq):
                parts.append(call_end(part))
            else:
                raise InvalidRequest(
                    f"mode {item.mode!r} does not fit; send 'start' with a start, 'end' with an end"
                )
        except InvalidRequest as error:
            raise InvalidRequest(f"batch[{index}]: {error}") from error
    return parts


def calls_complete(req: tsi.CallsUpsertCompleteReq) -> list[EncodedStart | EncodedEnd]:
    """Check and write whole calls, each as its start and its end.

    Raises:
        InvalidRequest: A call is refused; the message names it.
    """
    parts: list[EncodedStart | EncodedEnd] = []
    for index, call in enumerate(req.batch):
        start, end = (
            model.from_trusted({name: getattr(call, name) for name in model.model_fields})
            for model in (tsi.StartedCallSchemaForInsert, tsi.EndedCallSchemaForInsert)
        )
        try:
            parts.append(call_start(tsi.CallStartReq.from_trusted({"start": start})))
            parts.append(call_end(tsi.CallEndReq.from_trusted({"end": end})))
        except InvalidRequest as error:
            raise InvalidRequest(f"batch[{index}]: {error}") from error
    return parts


def call_update(req: tsi.CallUpdateReq) -> None:
    """Check that an update names a call and something to change.

    Raises:
        InvalidRequest: It does not.
    """
    project_id(req.project_id)
    texts.check_call_id(req.call_id, "call_id")
    if req.display_name is None:
        raise InvalidRequest("one of [display_name] is required; send an empty text to clear it")
    texts.check_display_name(req.display_name, "display_name")


def calls_delete(req: tsi.CallsDeleteReq) -> None:
    """Check the limits of a deletion.

    Raises:
        RequestTooLarge: It names more than 1000 calls.
        InvalidRequest: The project id is not one, or the id of a call is none.
    """
    project_id(req.project_id)
    if len(req.call_ids) > MAX_LIST_LENGTH:
        raise RequestTooLarge(
            f"call_ids has {len(req.call_ids)} entries, the limit is {MAX_LIST_LENGTH}; "
            "delete in several requests"
        )
    # SQLite would read an id up to its first NUL, and so delete another call.
    for call_id in req.call_ids:
        texts.check_call_id(call_id, "call_ids")


# --- calls: reading ---


def call_read(req: tsi.CallReadReq) -> None:
    """Check a request for one call.

    Raises:
        InvalidRequest: The project id is not one, or the id cannot be stored.
    """
    project_id(req.project_id)
    texts.check_text(req.id, "id")


def calls_query(req: tsi.CallsQueryReq) -> None:
    """Check the limits of a query.

    Raises:
        InvalidRequest: A list is too long, or limit or offset is negative.
    """
    project_id(req.project_id)
    _filter(req.filter)
    texts.check_page(req.limit, req.offset)


def calls_query_stats(req: tsi.CallsQueryStatsReq) -> None:
    """Check the limits of a count.

    Raises:
        InvalidRequest: A list is too long, or the limit is below 1.
    """
    project_id(req.project_id)
    _filter(req.filter)
    if req.limit is not None and req.limit < 1:
        raise InvalidRequest(f"limit must be 1 or more, not {req.limit}; leave it out to count all")


# --- objects, tables, refs ---


def obj_create(req: tsi.ObjCreateReq) -> None:
    """Check the names of an object.

    Raises:
        InvalidRequest: The project id or object id is not one.
    """
    project_id(req.obj.project_id, "obj.project_id")
    texts.check_object_id(req.obj.object_id, "obj.object_id")
    texts.check_text(req.obj.wb_user_id, "obj.wb_user_id")


def op_create(req: tsi.OpCreateReq) -> None:
    """Check the names of an op.

    Raises:
        InvalidRequest: The project id or object id is not one.
    """
    project_id(req.op_obj.project_id, "op_obj.project_id")
    texts.check_object_id(req.op_obj.object_id, "op_obj.object_id")
    texts.check_text(req.op_obj.wb_user_id, "op_obj.wb_user_id")


def objs_query(req: tsi.ObjQueryReq) -> None:
    """Check the limits of a list of objects.

    Raises:
        InvalidRequest: Limit or offset is negative, or the project id is not one.
    """
    project_id(req.project_id)
    texts.check_page(req.limit, req.offset)


def obj_delete(req: tsi.ObjDeleteReq) -> None:
    """Check the limits of a deletion.

    Raises:
        RequestTooLarge: It names more than 100 digests.
        InvalidRequest: The project id is not one, or a name or digest cannot be stored.
    """
    plain(req, "object_id")
    if req.digests is not None and len(req.digests) > MAX_DELETED_DIGESTS:
        raise RequestTooLarge(
            f"digests has {len(req.digests)} entries, the limit is {MAX_DELETED_DIGESTS}; "
            "delete in several requests, or all versions by leaving digests out"
        )
    for digest in req.digests or ():
        texts.check_text(digest, "digests")


def table_query(req: tsi.TableQueryReq) -> None:
    """Check the limits of a query of rows.

    Raises:
        InvalidRequest: Limit or offset is negative, or the project id is not one.
    """
    plain(req, "digest")
    texts.check_page(req.limit, req.offset)


def refs_read_batch(req: tsi.RefsReadBatchReq) -> None:
    """Check the limits of a batch of refs.

    Raises:
        RequestTooLarge: It has more than 1000 refs.
        InvalidRequest: A ref has the hosted service's internal form, or cannot be stored.
    """
    if len(req.refs) > MAX_LIST_LENGTH:
        raise RequestTooLarge(
            f"refs has {len(req.refs)} entries, the limit is {MAX_LIST_LENGTH}; "
            "read in several requests"
        )
    for ref in req.refs:
        texts.refuse_internal_ref(ref, "refs")
        texts.check_text(ref, "refs")


# --- parts of requests ---


def _json(value: Any, field: str) -> str:
    try:
        text = jsontext.compact(value)
    except (TypeError, EncodeError) as error:
        raise InvalidRequest(f"{field} must be JSON: {error}; convert it first") from error
    if texts.INTERNAL_SCHEME in text and _INTERNAL_VALUE.search(text):
        texts.refuse_internal_ref(texts.INTERNAL_SCHEME, field)
    return text


def _filter(calls_filter: tsi.CallsFilter | None) -> None:
    if calls_filter is None:
        return
    for field, value in calls_filter:
        if not isinstance(value, list):
            continue
        if len(value) > MAX_LIST_LENGTH:
            raise InvalidRequest(
                f"filter.{field} has {len(value)} entries, the limit is {MAX_LIST_LENGTH}; "
                "ask in several requests"
            )
        for text in value:
            texts.refuse_internal_ref(text, f"filter.{field}")
            texts.check_text(text, f"filter.{field}")
