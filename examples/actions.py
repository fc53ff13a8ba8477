"""Let the server look at calls that are stored: an action over them, its results as feedback."""

import weave_lite as weave
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "local/actions"

client = weave.init(PROJECT, db="actions.db")


@weave.op
def reply(question: str) -> str:
    return f"Sorry, I cannot say {question}." if "why" in question else f"It is {question}."


for question in ("blue", "why it is blue", "seven"):
    reply(question)
client.flush()

# The same file, through the server: publish what to look for, and look.
server = SqliteTraceServer("actions.db")
spec = {"config": {"action_type": "contains_words", "target_words": ["Sorry", "cannot"]}}
obj = {"project_id": PROJECT, "object_id": "refusals", "builtin_object_class": "ActionSpec"}
digest = server.obj_create(tsi.ObjCreateReq(obj={**obj, "val": spec})).digest
action = f"weave:///{PROJECT}/object/refusals:{digest}"
server.actions_execute_batch(
    tsi.ActionsExecuteBatchReq(
        project_id=PROJECT, action_ref=action, call_ids=[call.id for call in client.get_calls()]
    )
)

# Each call now has the result; only those that refused are asked for.
result = {"$getField": "feedback.[wandb.runnable.refusals].payload.output"}
refused = tsi.CallsQueryReq(
    project_id=PROJECT, query={"$expr": {"$eq": [result, {"$literal": True}]}}
)
for call in server.calls_query(refused).calls:
    print("refused:", call.inputs["question"], "->", call.output)
print("of", len(client.get_calls()), "calls")
server.close()
