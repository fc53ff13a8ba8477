"""Going on with an evaluation that did not come to its end: killed, interrupted (Ctrl-C) or failed.

Its call is taken up again, its rows are kept. A row is known by the ref of its example. Rows that
never ended, or ended in an error of their own, are deleted, and run again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError, UsageError
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.eval_run import uri_of_saved
from weave_lite.trace.client_context import get_client
from weave_lite.trace.op_protocol import ProcessedInputs
from weave_lite.trace.summary import add_counts

if TYPE_CHECKING:
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["FinishedRows", "finished_rows", "go_on"]

logger = logging.getLogger("weave_lite")
_ROW_OP = "Evaluation.predict_and_score"


class _ResumeError(UsageError, ValueError):
    """An evaluate call cannot be taken up again."""


class FinishedRows:
    """The results that are there, by the URI of their example; each is given once."""

    def __init__(self) -> None:
        self._results: dict[str, list[dict[str, Any]]] = {}

    def add(self, uri: str, result: dict[str, Any]) -> None:
        """Keep a result."""
        self._results.setdefault(uri, []).append(result)

    def take(self, uri: str | None) -> dict[str, Any] | None:
        """Give a result of an example, and forget it; None when there is none left."""
        found = self._results.get(uri) if uri is not None else None
        return found.pop(0) if found else None


def go_on(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ProcessedInputs | None:
    """Find the call that ``evaluate(..., resume=...)`` goes on with: an input handler.

    Raises:
        ValueError: The call that was named cannot be taken up.
    """
    resume = kwargs.get("resume", False)
    client = get_client()
    if not resume or client is None:
        return None
    model = args[1] if len(args) > 1 else kwargs.get("model")
    call = _find(client, op, args[0], model, resume)
    if call is None:
        logger.info("no evaluation of this model was broken off; a new one begins")
        return None
    _reopen(client, call)
    return ProcessedInputs(args, kwargs, args, kwargs, call.inputs, call)


def _find(client: WeaveClient, op: Any, evaluation: Any, model: Any, resume: Any) -> Call | None:
    uris = [uri_of_saved(client, each) for each in (evaluation, model)]
    if isinstance(resume, str):
        try:
            call = client.get_call(resume)
        except NotFoundError:
            raise _ResumeError(
                f"resume {resume!r} is not the id of a call of {client.project_id}"
            ) from None
        inputs = [getattr(call.inputs.get(name), "uri", str)() for name in ("self", "model")]
        if inputs != uris:
            raise _ResumeError(
                f"call {resume!r} is not an evaluation of this model by this evaluation; the "
                "evaluation, its dataset, its scorers and the model must be what they were"
            )
        if call.status == "success":
            raise _ResumeError(f"call {resume!r} has ended; evaluate without resume")
        if _is_by_hand(call):
            raise _ResumeError(f"call {resume!r} is of an EvaluationLogger, which cannot go on")
        return call
    found = client.get_calls(
        filter={"op_names": [client.publisher.op_ref(op).uri()], "input_refs": uris[:1]},
        sort_by=[{"field": "started_at", "direction": "desc"}],
    )
    for call in found:
        given = call.inputs.get("model")
        if isinstance(given, ObjectRef) and given.uri() == uris[1] and not _is_by_hand(call):
            # One that came to its end makes those before it history: they are not taken up.
            return None if call.status == "success" else call
    return None


def _is_by_hand(call: Call) -> bool:
    return bool((call.attributes.get("_weave_eval_meta") or {}).get("imperative"))


def _reopen(client: WeaveClient, call: Call) -> None:
    """Make a call that was read live again, with the totals of what ended below it."""
    broken_ids: list[str] = []
    for child in call.children():
        if child.func_name != _ROW_OP or child.status != "success":
            broken_ids.append(child.id or "")
            continue
        summary = {k: v for k, v in child.summary.items() if k != "weave"}
        counts = summary.pop("status_counts", {})
        add_counts(call, counts.get("success", 0), counts.get("error", 0), summary)
    if broken_ids:
        client.delete_calls(broken_ids)
    call._is_finished = False  # noqa: SLF001 - the call is ours from here on
    call._summary = None  # noqa: SLF001
    call._attributes = None  # noqa: SLF001
    call.ended_at = None
    call.exception = None


def finished_rows(call: Call | None) -> FinishedRows:
    """Read the rows that ended below an evaluate call before this process took it up."""
    rows = FinishedRows()
    if call is None or call.id is None or call._start is not None:  # noqa: SLF001 - begun here
        return rows
    for child in call.children():
        example = child.inputs.get("example")
        if (
            child.func_name == _ROW_OP
            and child.status == "success"
            and isinstance(example, ObjectRef)
        ):
            rows.add(example.uri(), child.output)
    return rows
