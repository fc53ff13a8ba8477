"""Say what is good and what is not, then find calls by it: feedback and queries of the server."""

from datetime import UTC, datetime

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "local/feedback"
# Question, answer, and whether it is right.
ANSWERS = [("2 + 2", "4", True), ("3 * 3", "6", False), ("5 - 1", "4", True)]

server = SqliteTraceServer("feedback.db")


def store(question: str, answer: str) -> str:
    now = datetime.now(UTC)
    call = {"project_id": PROJECT, "op_name": "calculate", "started_at": now, "ended_at": now}
    call |= {"inputs": {"question": question}, "output": answer, "attributes": {}, "summary": {}}
    call |= {"id": f"call {question}", "trace_id": f"trace {question}"}
    server.calls_complete(tsi.CallsUpsertCompleteReq(batch=[call]))
    return f"weave:///{PROJECT}/call/{call['id']}"


def give(ref: str, kind: str, payload: dict) -> None:
    server.feedback_create(
        tsi.FeedbackCreateReq(
            project_id=PROJECT, weave_ref=ref, feedback_type=kind, payload=payload
        )
    )


for question, answer, is_right in ANSWERS:
    ref = store(question, answer)
    give(ref, "wandb.reaction.1", {"emoji": "👍" if is_right else "👎"})
    give(ref, "grade", {"score": 1.0 if is_right else 0.25})

# All that was said comes back with the calls.
everything = tsi.CallsQueryReq(project_id=PROJECT, include_feedback=True)
for call in server.calls_query(everything).calls:
    said = [row["payload"] for row in call.summary["weave"]["feedback"]]
    print(call.inputs["question"], "=", call.output, [row.get("alias", row) for row in said])

# What was said can be asked for, and sorted by: feedback.[type].payload.path
score = "feedback.[grade].payload.score"
bad = tsi.CallsQueryReq(
    project_id=PROJECT,
    query={"$expr": {"$not": [{"$gte": [{"$getField": score}, {"$literal": 0.5}]}]}},
    sort_by=[{"field": score, "direction": "asc"}],
)
print("to look at:", [call.inputs["question"] for call in server.calls_query(bad).calls])
server.close()
