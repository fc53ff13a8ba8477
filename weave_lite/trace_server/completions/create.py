"""The request itself: ask the model, and store the question and the answer as a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from weave_lite.core.clock import from_micros, now_micros
from weave_lite.core.errors import InvalidRequest, MissingLLMApiKeyError
from weave_lite.core.ids import new_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.completions import parameters
from weave_lite.trace_server.completions.answer import failure, usage_of
from weave_lite.trace_server.completions.choose import ObjectReader, choose

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedRecord, EncodedStart

__all__ = ["OP_NAME", "create"]

OP_NAME: Final = "weave.completions_create"


class _Server(ObjectReader, Protocol):
    def write_encoded(self, records: Sequence[EncodedRecord]) -> None: ...


def create(server: _Server, req: tsi.CompletionsCreateReq) -> tsi.CompletionsCreateRes:
    """Ask a model; store the finished call unless ``track_llm_call`` is false.

    No transaction is open while the model works. What cannot be stored is refused before it is
    asked.

    Raises:
        InvalidRequest: The project id or a parameter is refused.
        MissingLLMApiKeyError: The model's provider needs a key that is not set; the call is stored
            as failed.
    """
    params = parameters.given(req.inputs)
    if not req.track_llm_call:
        validate.project_id(req.project_id)
        return tsi.CompletionsCreateRes(response=_ask(server, req, params))
    start = _start(req, params)
    try:
        response = _ask(server, req, params)
    except MissingLLMApiKeyError as error:
        server.write_encoded([start, _end(start, req.inputs.model, failure(str(error)))])
        raise
    server.write_encoded([start, _end(start, req.inputs.model, response)])
    return tsi.CompletionsCreateRes(response=response, weave_call_id=start.id)


def _ask(server: _Server, req: tsi.CompletionsCreateReq, params: dict[str, Any]) -> dict[str, Any]:
    chosen = choose(server, req.project_id, req.inputs.model)
    return failure(chosen) if isinstance(chosen, str) else chosen(dict(params))


def _start(req: tsi.CompletionsCreateReq, params: dict[str, Any]) -> EncodedStart:
    start = tsi.StartedCallSchemaForInsert(
        project_id=req.project_id,
        id=new_id(),
        trace_id=new_id(),
        op_name=OP_NAME,
        started_at=_now(),
        attributes={},
        inputs=parameters.stored(params),
        wb_user_id=req.wb_user_id,
    )
    return validate.call_start(tsi.CallStartReq(start=start))


def _end(start: EncodedStart, model: str, response: dict[str, Any]) -> EncodedEnd:
    usage = usage_of(response)
    error = response.get("error") or None
    try:
        return _encoded_end(
            start,
            output=response,
            exception=None if error is None else str(error),
            summary={} if usage is None else {"usage": {model: usage}},
        )
    except InvalidRequest as refused:
        # The answer is the caller's all the same, and the call must not be lost.
        return _encoded_end(start, None, f"the answer cannot be stored: {refused}", {})


def _encoded_end(
    start: EncodedStart, output: Any, exception: str | None, summary: dict[str, Any]
) -> EncodedEnd:
    if exception is not None:
        exception = exception.encode("utf-8", "backslashreplace").decode()
    end = tsi.EndedCallSchemaForInsert.from_trusted(
        {
            "project_id": start.project_id,
            "id": start.id,
            "ended_at": _now(),
            "exception": exception,
            "output": output,
            "summary": summary,
        }
    )
    return validate.call_end(tsi.CallEndReq.from_trusted({"end": end}))


def _now() -> dt.datetime:
    return from_micros(now_micros())
