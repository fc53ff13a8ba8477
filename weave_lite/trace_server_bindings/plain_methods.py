"""The methods of a remote trace server that are one request and one answer each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.ids import new_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.answers import answer_of
from weave_lite.trace_server_bindings.request_json import json_text, written
from weave_lite.trace_server_bindings.routes import by_method

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from weave_lite.trace_server_bindings.http_transport import HttpTransport

__all__ = ["PlainMethods", "request_of"]


def request_of(name: str, req: BaseModel | Mapping[str, Any]) -> Any:
    """Read a request that may be a dict.

    Args:
        name: Name of its model.
        req: The request.
    """
    model = getattr(tsi, name)
    return req if isinstance(req, model) else model.model_validate(req)


def _with_id(feedback: tsi.FeedbackCreateReq) -> tsi.FeedbackCreateReq:
    return feedback if feedback.id else feedback.model_copy(update={"id": new_id()})


class PlainMethods:
    """Methods that send their request as it is."""

    _http: HttpTransport

    def _ask(self, method: str, req: BaseModel | Mapping[str, Any]) -> Any:
        """Send a request as JSON, and read the answer into its model."""
        route = by_method(method)
        body = written(request_of(route.request, req))
        answer = self._http.post_json(route.paths[0], body)
        return answer_of(route.response, answer)

    def _stream(self, method: str, req: BaseModel | Mapping[str, Any]) -> Iterator[Any]:
        """Send a request, and read the answer line by line; what is wrong with it is raised now."""
        route = by_method(method)
        body = written(request_of(route.request, req))
        opened = self._http.lines(route.paths[0], body)
        lines = opened.__enter__()

        def read() -> Iterator[Any]:
            try:
                # From here on it ends what was begun, whether anybody reads or not.
                yield None
                for line in lines:
                    yield answer_of(route.response, line)
            finally:
                opened.__exit__(None, None, None)

        answers = read()
        next(answers)
        return answers

    def call_read(self, req: tsi.CallReadReq | Mapping[str, Any]) -> tsi.CallReadRes:
        """Read a call."""
        return self._ask("call_read", req)  # type: ignore[no-any-return]

    def calls_query(self, req: tsi.CallsQueryReq | Mapping[str, Any]) -> tsi.CallsQueryRes:
        """Find calls."""
        return self._ask("calls_query", req)  # type: ignore[no-any-return]

    def calls_query_stream(
        self, req: tsi.CallsQueryReq | Mapping[str, Any]
    ) -> Iterator[tsi.CallSchema]:
        """Find calls, one by one as they come."""
        return self._stream("calls_query_stream", req)

    def calls_query_stats(
        self, req: tsi.CallsQueryStatsReq | Mapping[str, Any]
    ) -> tsi.CallsQueryStatsRes:
        """Count calls."""
        return self._ask("calls_query_stats", req)  # type: ignore[no-any-return]

    def calls_delete(self, req: tsi.CallsDeleteReq | Mapping[str, Any]) -> tsi.CallsDeleteRes:
        """Delete calls and all below them."""
        return self._ask("calls_delete", req)  # type: ignore[no-any-return]

    def call_update(self, req: tsi.CallUpdateReq | Mapping[str, Any]) -> tsi.CallUpdateRes:
        """Set the display name of a call."""
        return self._ask("call_update", req)  # type: ignore[no-any-return]

    def op_create(self, req: tsi.OpCreateReq | Mapping[str, Any]) -> tsi.OpCreateRes:
        """Store a version of an op."""
        return self._ask("op_create", req)  # type: ignore[no-any-return]

    def op_read(self, req: tsi.OpReadReq | Mapping[str, Any]) -> tsi.OpReadRes:
        """Read a version of an op."""
        return self._ask("op_read", req)  # type: ignore[no-any-return]

    def ops_query(self, req: tsi.OpQueryReq | Mapping[str, Any]) -> tsi.OpQueryRes:
        """Find versions of ops."""
        return self._ask("ops_query", req)  # type: ignore[no-any-return]

    def obj_create(self, req: tsi.ObjCreateReq | Mapping[str, Any]) -> tsi.ObjCreateRes:
        """Store a version of an object."""
        return self._ask("obj_create", req)  # type: ignore[no-any-return]

    def obj_read(self, req: tsi.ObjReadReq | Mapping[str, Any]) -> tsi.ObjReadRes:
        """Read a version of an object."""
        return self._ask("obj_read", req)  # type: ignore[no-any-return]

    def objs_query(self, req: tsi.ObjQueryReq | Mapping[str, Any]) -> tsi.ObjQueryRes:
        """Find versions of objects."""
        return self._ask("objs_query", req)  # type: ignore[no-any-return]

    def obj_delete(self, req: tsi.ObjDeleteReq | Mapping[str, Any]) -> tsi.ObjDeleteRes:
        """Delete versions of an object."""
        return self._ask("obj_delete", req)  # type: ignore[no-any-return]

    def table_query(self, req: tsi.TableQueryReq | Mapping[str, Any]) -> tsi.TableQueryRes:
        """Read rows of a table."""
        return self._ask("table_query", req)  # type: ignore[no-any-return]

    def table_query_stream(
        self, req: tsi.TableQueryReq | Mapping[str, Any]
    ) -> Iterator[tsi.TableRowSchema]:
        """Read rows of a table, one by one as they come."""
        return self._stream("table_query_stream", req)

    def table_query_stats(
        self, req: tsi.TableQueryStatsReq | Mapping[str, Any]
    ) -> tsi.TableQueryStatsRes:
        """Count the rows of a table."""
        return self._ask("table_query_stats", req)  # type: ignore[no-any-return]

    def table_query_stats_batch(
        self, req: tsi.TableQueryStatsBatchReq | Mapping[str, Any]
    ) -> tsi.TableQueryStatsBatchRes:
        """Count the rows of tables."""
        return self._ask("table_query_stats_batch", req)  # type: ignore[no-any-return]

    def table_create_from_digests(
        self, req: tsi.TableCreateFromDigestsReq | Mapping[str, Any]
    ) -> tsi.TableCreateFromDigestsRes:
        """Store a table whose rows are stored already."""
        return self._ask("table_create_from_digests", req)  # type: ignore[no-any-return]

    def refs_read_batch(
        self, req: tsi.RefsReadBatchReq | Mapping[str, Any]
    ) -> tsi.RefsReadBatchRes:
        """Read what refs point to."""
        return self._ask("refs_read_batch", req)  # type: ignore[no-any-return]

    def files_stats(self, req: tsi.FilesStatsReq | Mapping[str, Any]) -> tsi.FilesStatsRes:
        """Sum the sizes of a project's files."""
        return self._ask("files_stats", req)  # type: ignore[no-any-return]

    def feedback_create(
        self, req: tsi.FeedbackCreateReq | Mapping[str, Any]
    ) -> tsi.FeedbackCreateRes:
        """Store a feedback; it has its id from here, so that asking again stores nothing twice."""
        asked = _with_id(request_of("FeedbackCreateReq", req))
        return self._ask("feedback_create", asked)  # type: ignore[no-any-return]

    def feedback_create_batch(
        self, req: tsi.FeedbackCreateBatchReq | Mapping[str, Any]
    ) -> tsi.FeedbackCreateBatchRes:
        """Store several feedbacks; all of them or none."""
        batch = [_with_id(each) for each in request_of("FeedbackCreateBatchReq", req).batch]
        asked = tsi.FeedbackCreateBatchReq(batch=batch)
        return self._ask("feedback_create_batch", asked)  # type: ignore[no-any-return]

    def feedback_query(self, req: tsi.FeedbackQueryReq | Mapping[str, Any]) -> tsi.FeedbackQueryRes:
        """Find feedback."""
        return self._ask("feedback_query", req)  # type: ignore[no-any-return]

    def feedback_purge(self, req: tsi.FeedbackPurgeReq | Mapping[str, Any]) -> tsi.FeedbackPurgeRes:
        """Delete feedback by id."""
        return self._ask("feedback_purge", req)  # type: ignore[no-any-return]

    def feedback_replace(
        self, req: tsi.FeedbackReplaceReq | Mapping[str, Any]
    ) -> tsi.FeedbackReplaceRes:
        """Store a feedback in place of another."""
        return self._ask("feedback_replace", req)  # type: ignore[no-any-return]

    def cost_create(self, req: tsi.CostCreateReq | Mapping[str, Any]) -> tsi.CostCreateRes:
        """Store prices of models."""
        return self._ask("cost_create", req)  # type: ignore[no-any-return]

    def cost_query(self, req: tsi.CostQueryReq | Mapping[str, Any]) -> tsi.CostQueryRes:
        """Find prices."""
        return self._ask("cost_query", req)  # type: ignore[no-any-return]

    def cost_purge(self, req: tsi.CostPurgeReq | Mapping[str, Any]) -> tsi.CostPurgeRes:
        """Delete prices by id."""
        return self._ask("cost_purge", req)  # type: ignore[no-any-return]

    def completions_create(
        self, req: tsi.CompletionsCreateReq | Mapping[str, Any]
    ) -> tsi.CompletionsCreateRes:
        """Ask a model."""
        from weave_lite.trace_server.completions.parameters import given  # noqa: PLC0415 - rarely needed

        asked = request_of("CompletionsCreateReq", req)
        body = json_text({**dict(asked), "inputs": given(asked.inputs)}, "inputs")
        answer = self._http.post_json(by_method("completions_create").paths[0], body)
        return answer_of("CompletionsCreateRes", answer)  # type: ignore[no-any-return]

    def actions_execute_batch(
        self, req: tsi.ActionsExecuteBatchReq | Mapping[str, Any]
    ) -> tsi.ActionsExecuteBatchRes:
        """Run an action over calls."""
        return self._ask("actions_execute_batch", req)  # type: ignore[no-any-return]
