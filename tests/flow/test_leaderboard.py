"""Tests of Leaderboard and get_leaderboard_results."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from weave_lite.flow.eval import Evaluation
from weave_lite.flow.leaderboard import (
    Leaderboard,
    LeaderboardColumn,
    LeaderboardModelResult,
    get_leaderboard_results,
)
from weave_lite.trace.op import op
from weave_lite.trace.values.origin import ref_of

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "digests.json").read_text())


@op
def right(a):
    return a


@op
def wrong(a):
    return -a


@op
def match(output, a):
    return {"ok": output == a}


def column(evaluation, path, scorer="match"):
    """Make a column."""
    return LeaderboardColumn(
        evaluation_object_ref=evaluation, scorer_name=scorer, summary_metric_path=path
    )


@pytest.mark.parametrize(
    "row", [row for row in VECTORS if row.get("builtin_object_class") == "Leaderboard"]
)
def test_the_record_is_that_of_the_vectors(client, row):
    """Read back as the class, with refs as texts."""
    board = Leaderboard(**row["input"])

    ref = client.publisher.publish(board)

    assert ref.digest == row["digest"]
    assert (type(client.get(ref)), client.get(ref)) == (Leaderboard, board)


def test_results(client):
    """Per model, per column, the oldest run first; runs of other evaluations are left out."""
    mine = Evaluation(name="mine", dataset=[{"a": 1}, {"a": 2}], scorers=[match])
    other = Evaluation(name="other", dataset=[{"a": 3}], scorers=[match])
    for evaluation, model in ((mine, right), (mine, wrong), (mine, right), (other, right)):
        asyncio.run(evaluation.evaluate(model))
    latest = f"weave:///{client.project_id}/object/other:latest"
    board = Leaderboard(
        columns=[
            column(ref_of(mine), "ok.true_fraction"),
            column(latest, "ok.true_count"),
            column(mine, "no.such.metric"),
        ]
    )

    found = get_leaderboard_results(board, client)

    assert [type(result) for result in found] == [LeaderboardModelResult] * 2
    assert [result.model_ref for result in found] == [ref_of(right).uri(), ref_of(wrong).uri()]
    values = [[[s.value for s in c.scores] for c in result.column_scores] for result in found]
    assert values == [[[1.0, 1.0], [1], [None, None]], [[0.0], [], [None]]]
    runs = [score.evaluate_call_ref for score in found[0].column_scores[0].scores]
    calls = client.get_calls(filter={"trace_roots_only": True})
    assert set(runs) < {f"weave:///{client.project_id}/call/{call.id}" for call in calls}


def test_a_board_without_columns_has_no_results(client):
    """And asks nothing."""
    assert get_leaderboard_results(Leaderboard(columns=[]), client) == []
