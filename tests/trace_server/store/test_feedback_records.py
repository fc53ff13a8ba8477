"""Scores as the recorder writes them: a batch at once, the same as one by one."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedFeedback
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

CALL = "weave:///e/p/call/00000000-0000-7000-8000-00000000000a"


def score(n, *, project="e/p", ref=CALL, value=None):
    return EncodedFeedback(
        project,
        f"00000000-0000-7000-8000-{n:012d}",
        ref,
        "wandb.runnable.s",
        f'{{"output":{n if value is None else value}}}',
        runnable_ref="weave:///e/p/op/s:v0",
        call_ref="weave:///e/p/call/c",
    )


@pytest.fixture
def server():
    made = SqliteTraceServer(":memory:")
    yield made
    made.close()


def stored(server, project="e/p"):
    rows = server.feedback_query(tsi.FeedbackQueryReq(project_id=project)).result
    return sorted((row["id"][-1], row["payload"]["output"], row["weave_ref"]) for row in rows)


def test_a_batch_of_scores_of_two_projects(server):
    """Each goes to its own project."""
    server.write_encoded([score(1), score(2, project="e/other"), score(3, ref="weave:///e/p/op/x")])
    assert stored(server) == [("1", 1, CALL), ("3", 3, "weave:///e/p/op/x")]
    assert stored(server, "e/other") == [("2", 2, CALL)]


def test_scores_of_a_call_are_found_with_it(server):
    """The call of a score is looked up by its ref, as for feedback that is created singly."""
    start = tsi.StartedCallSchemaForInsert(
        project_id="e/p",
        id=CALL[-36:],
        op_name="o",
        trace_id="t",
        started_at="2026-01-01T00:00:00Z",
        attributes={},
        inputs={},
    )
    server.call_start(tsi.CallStartReq(start=start))
    server.write_encoded([score(1), score(2, ref="weave:///e/p/call/other")])
    (call,) = server.calls_query_stream(tsi.CallsQueryReq(project_id="e/p", include_feedback=True))
    assert [each["payload"] for each in call.summary["weave"]["feedback"]] == [{"output": 1}]


@pytest.mark.parametrize(
    "batch",
    [[score(1), score(2)], [score(2), score(2)], [score(1)]],
    ids=["beside a new one", "twice in a batch", "alone"],
)
def test_a_batch_that_is_written_again_changes_nothing(server, batch):
    """An answer that was lost may be asked for again."""
    server.write_encoded([score(1)])
    server.write_encoded(batch)
    server.write_encoded(batch)
    wanted = {record.id[-1]: record for record in (score(1), *batch)}
    assert stored(server) == [(key, int(key), CALL) for key in sorted(wanted)]


@pytest.mark.parametrize(
    "batch",
    [[score(2), score(1, value=9)], [score(2), score(2, value=9)]],
    ids=["stored", "in the batch"],
)
def test_an_id_of_another_score_is_refused_and_nothing_stored(server, batch):
    """The batch is one transaction."""
    server.write_encoded([score(1)])
    with pytest.raises(InvalidRequest, match="is that of another feedback"):
        server.write_encoded(batch)
    assert stored(server) == [("1", 1, CALL)]


def test_a_batch_takes_few_statements(server):
    """One statement looks for the ids, one inserts: the writer keeps up with an evaluation."""
    server.write_encoded([score(0)])
    statements = []
    with server._store.write() as conn:
        conn.raw.set_trace_callback(statements.append)
    server.write_encoded([score(n) for n in range(1, 9)])
    looked = [text for text in statements if text.startswith("SELECT") and "feedback" in text]
    assert len(looked) == 1
    assert len(stored(server)) == 9
