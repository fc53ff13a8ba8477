"""Leaderboard: metrics of evaluations side by side, and what models reached in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import ObjectRef, maybe_parse_uri
from weave_lite.flow.base_object import BaseObject, RefText
from weave_lite.trace.classes import register_class

if TYPE_CHECKING:
    from weave_lite.trace.weave_client import WeaveClient

__all__ = [
    "Leaderboard",
    "LeaderboardColumn",
    "LeaderboardModelEvaluationResult",
    "LeaderboardModelResult",
    "ModelScoresForColumn",
    "get_leaderboard_results",
]

_EVALUATE = "Evaluation.evaluate"


class LeaderboardColumn(BaseModel):
    """One metric of one scorer of one evaluation.

    Args:
        evaluation_object_ref: URI of the evaluation; its ref or itself is taken, too.
        scorer_name: Key of the evaluation's output.
        summary_metric_path: Path below it, with dots.
        should_minimize: Whether less is better.
    """

    evaluation_object_ref: RefText
    scorer_name: str
    summary_metric_path: str
    should_minimize: bool | None = None


register_class(LeaderboardColumn)


class Leaderboard(BaseObject):
    """A table of models by metrics.

    Args:
        name: What it is called.
        description: Any text.
        columns: The metrics.
    """

    columns: list[LeaderboardColumn]


class LeaderboardModelEvaluationResult(BaseModel):
    """What a model reached in one run of an evaluation."""

    evaluate_call_ref: str
    value: Any


class ModelScoresForColumn(BaseModel):
    """What a model reached in one column, the oldest run first."""

    scores: list[LeaderboardModelEvaluationResult]


class LeaderboardModelResult(BaseModel):
    """What a model reached in all columns, in their order."""

    model_ref: str
    column_scores: list[ModelScoresForColumn]


def get_leaderboard_results(spec: Leaderboard, client: WeaveClient) -> list[LeaderboardModelResult]:
    """Look up what models reached in the evaluations of a leaderboard.

    Runs that have no result, and those of models that are not stored, are left out.

    Args:
        spec: The leaderboard.
        client: Looks in its project.

    Returns:
        One result per model version, in the order of their first runs.
    """
    client.flush()
    versions = {
        column.evaluation_object_ref: _version(column.evaluation_object_ref, client)
        for column in spec.columns
    }
    results: dict[str, LeaderboardModelResult] = {}
    for call in _evaluate_calls(sorted(set(versions.values())), client):
        model, output = call.inputs.get("model"), call.output
        if not isinstance(model, str) or not isinstance(output, dict):
            continue
        for index, column in enumerate(spec.columns):
            if call.inputs.get("self") != versions[column.evaluation_object_ref]:
                continue
            if model not in results:
                empty = [ModelScoresForColumn(scores=[]) for _ in spec.columns]
                results[model] = LeaderboardModelResult(model_ref=model, column_scores=empty)
            path = [column.scorer_name, *column.summary_metric_path.split(".")]
            results[model].column_scores[index].scores.append(
                LeaderboardModelEvaluationResult(
                    evaluate_call_ref=f"weave:///{call.project_id}/call/{call.id}",
                    value=_at(output, path),
                )
            )
    return list(results.values())


def _version(uri: str, client: WeaveClient) -> str:
    """Give the version that an alias such as ``latest`` stands for; calls name versions."""
    ref = maybe_parse_uri(uri)
    if not isinstance(ref, ObjectRef) or ref.project_id != client.project_id:
        return uri
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - loads much

    request = tsi.ObjReadReq(
        project_id=ref.project_id, object_id=ref.name, digest=ref.digest, metadata_only=True
    )
    try:
        digest = client.server.obj_read(request).obj.digest
    except NotFoundError:
        return uri
    return ObjectRef(ref.entity, ref.project, ref.name, digest).uri()


def _evaluate_calls(evaluations: list[str], client: WeaveClient) -> list[Any]:
    if not evaluations:
        return []
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - loads much

    return list(
        client.server.calls_query_stream(
            tsi.CallsQueryReq(
                project_id=client.project_id,
                filter=tsi.CallsFilter(
                    op_names=[f"weave:///{client.project_id}/op/{_EVALUATE}:*"],
                    input_refs=evaluations,
                ),
                columns=["inputs", "output"],
                sort_by=[tsi.SortBy(field="started_at", direction="asc")],
            )
        )
    )


def _at(value: Any, path: list[str]) -> Any:
    """Walk into dicts, and lists by position; None where nothing is."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
