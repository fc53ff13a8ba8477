"""Answers of a trace server, read as the embedded one gives them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from weave_lite.core.errors import RemoteServerError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.wire import UtcDatetime

__all__ = ["answer_of"]

_to_date = TypeAdapter(UtcDatetime).validate_python


def answer_of(model: str, answer: Any) -> Any:
    """Read an answer.

    Args:
        model: Name of its model.
        answer: The document that came.

    Raises:
        RemoteServerError: It is another answer than that of a trace server.
    """
    try:
        read = getattr(tsi, model).model_validate(answer)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise RemoteServerError(
            f"the answer is no {model} ({where}: {fault['msg']}); is there a trace server at the "
            "address, and of which version?"
        ) from None
    if model == "CallSchema":
        _restore(read, answer)
    elif model == "CallReadRes" and read.call is not None:
        _restore(read.call, answer["call"])
    elif model == "CallsQueryRes":
        for call, given in zip(read.calls, answer["calls"], strict=True):
            _restore(call, given)
    elif model == "FeedbackQueryRes":
        read.result = [_with_date(row) for row in read.result]
    return read


def _restore(call: tsi.CallSchema, answer: dict[str, Any]) -> None:
    """Let the summary keep the order and the types of what came."""
    call.summary = answer.get("summary")


def _with_date(row: dict[str, Any]) -> dict[str, Any]:
    """Give a feedback its date, which JSON has as text."""
    return {**row, "created_at": _to_date(row["created_at"])} if row.get("created_at") else row
