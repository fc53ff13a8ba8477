"""Score calls in the background while the program goes on."""

from __future__ import annotations

import weave_lite as weave
from weave_lite.scorers import ValidJSONScorer


@weave.op
def answer(question: str) -> str:
    """Stand for a model."""
    return '{"n": 4}' if "JSON" in question else "four"


client = weave.init("monitored")
monitor = weave.Monitor(name="valid-json", op_names=["answer"], scorers=[ValidJSONScorer()])
monitor.activate()
answer("2 + 2, in JSON")
answer("2 + 2")
client.flush()  # waits for pending scores
for call in client.get_calls(filter={"op_names": [answer.ref.uri()]}, include_feedback=True):
    (feedback,) = call.summary["weave"]["feedback"]
    print(call.inputs["question"], "->", feedback["payload"]["output"])
monitor.deactivate()
weave.finish()
