"""The run of an action over calls; each result is stored as feedback on its call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from weave_lite.core.errors import InvalidNameError, InvalidRequest, MissingLLMApiKeyError
from weave_lite.core.names import check_project_id
from weave_lite.core.refs import CallRef
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.actions.judge import Completer, judge
from weave_lite.trace_server.actions.spec import SpecReader, parse_ref, read_spec
from weave_lite.trace_server.actions.words import contains_words
from weave_lite.trace_server.interface.builtin_object_classes.actions import (
    ContainsWordsActionConfig,
)
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.interface.builtin_object_classes.actions import ActionSpec

__all__ = ["execute_batch"]

_PAGE: Final = 1000
_FEEDBACK_TYPE: Final = "wandb.runnable."


class _Server(SpecReader, Completer, Protocol):
    def calls_query(self, req: tsi.CallsQueryReq) -> tsi.CallsQueryRes: ...

    def feedback_create(self, req: tsi.FeedbackCreateReq) -> tsi.FeedbackCreateRes: ...


def execute_batch(server: _Server, req: tsi.ActionsExecuteBatchReq) -> tsi.ActionsExecuteBatchRes:
    """Run an action over calls, in the order they are named; unknown calls are skipped.

    A call whose action fails does not keep the others from theirs.

    Raises:
        InvalidRequest: ``action_ref`` is refused; or the action failed for some calls, which are
            named once all others are done.
        MissingLLMApiKeyError: The judge needs a key that is not set.
        NotFoundError: There is no such action.
    """
    try:
        check_project_id(req.project_id)
    except InvalidNameError as error:
        raise InvalidRequest(str(error)) from None
    ref = parse_ref(req.action_ref, req.project_id)
    spec = read_spec(server, ref)
    user = default_user() if req.wb_user_id is None else req.wb_user_id
    failures: dict[str, str] = {}
    for call in _calls(server, req.project_id, req.call_ids):
        try:
            result = _run(server, req.project_id, spec, call)
            entity, _, project = req.project_id.partition("/")
            feedback = tsi.FeedbackCreateReq(
                project_id=req.project_id,
                weave_ref=CallRef(entity, project, call.id).uri(),
                feedback_type=_FEEDBACK_TYPE + ref.name,
                payload={"output": result},
                runnable_ref=req.action_ref,
                wb_user_id=user,
            )
            server.feedback_create(feedback)
        except MissingLLMApiKeyError:
            # It would be missing for every other call too.
            raise
        except InvalidRequest as error:
            failures[call.id] = str(error)
    if failures:
        told = "; ".join(f"call {call_id}: {text}" for call_id, text in failures.items())
        raise InvalidRequest(
            f"the action {ref.name!r} failed for {len(failures)} of the calls, run it again for "
            f"these: {told}"
        )
    return tsi.ActionsExecuteBatchRes()


def _run(server: _Server, project_id: str, spec: ActionSpec, call: tsi.CallSchema) -> Any:
    config = spec.config
    if isinstance(config, ContainsWordsActionConfig):
        return contains_words(call.output, config.target_words)
    return judge(server, project_id, config, call.inputs, call.output)


def _calls(server: _Server, project_id: str, call_ids: list[str]) -> Iterator[tsi.CallSchema]:
    """Read calls page by page, each once, in the order they are named."""
    ids = list(dict.fromkeys(call_ids))
    for begin in range(0, len(ids), _PAGE):
        page = ids[begin : begin + _PAGE]
        req = tsi.CallsQueryReq(
            project_id=project_id,
            filter=tsi.CallsFilter(call_ids=page),
            columns=["id", "inputs", "output"],
        )
        found = {call.id: call for call in server.calls_query(req).calls}
        yield from (found[call_id] for call_id in page if call_id in found)
