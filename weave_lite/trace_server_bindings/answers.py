"""Answers of a trace server, read as the embedded one gives them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from weave_lite.core.errors import RemoteServerError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.wire import UtcDatetime

__all__ = ["answer_of"]

# Where answers have calls.
_CALLS: Final = {"CallSchema": None, "CallReadRes": "call", "CallsQueryRes": "calls"}
_to_date = TypeAdapter(UtcDatetime).validate_python


def answer_of(model: str, answer: Any) -> Any:
    """Read an answer.

    Args:
        model: Name of its model.
        answer: The document that came; it is used up.

    Raises:
        RemoteServerError: It is another answer than that of a trace server.
    """
    # A summary keeps the order and the types of what came, whatever else a server puts into it.
    summaries = [record.pop("summary", None) for record in _calls_in(answer, model)]
    try:
        read = getattr(tsi, model).model_validate(answer)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise RemoteServerError(
            f"the answer is no {model} ({where}: {fault['msg']}); is there a trace server at the "
            "address, and of which version?"
        ) from None
    for call, summary in zip(_calls_in(read, model), summaries, strict=True):
        call.summary = summary
    if model == "FeedbackQueryRes":
        read.result = [_with_date(row) for row in read.result]
    return read


def _calls_in(answer: Any, model: str) -> list[Any]:
    """Find the calls of an answer, which is read already or not."""
    if model not in _CALLS:
        return []
    name = _CALLS[model]
    if name is None:
        found = answer
    else:
        found = answer.get(name) if isinstance(answer, dict) else getattr(answer, name, None)
    parts = found if isinstance(found, list) else [found]
    return [part for part in parts if isinstance(part, dict | tsi.CallSchema)]


def _with_date(row: dict[str, Any]) -> dict[str, Any]:
    """Give a feedback its date, which JSON has as text."""
    return {**row, "created_at": _to_date(row["created_at"])} if row.get("created_at") else row
