"""An evaluation whose loop is your own: log predictions and scores as they are made."""

from __future__ import annotations

import json

import weave_lite as weave

QUESTIONS = [("2 + 2", 4), ("3 * 3", 9), ("7 - 9", 2)]


@weave.op
def calculate(question: str) -> int:
    """Stand for a model."""
    left, sign, right = question.split()
    return {"+": int(left) + int(right), "*": int(left) * int(right)}.get(sign, 0)


weave.init("logged-evaluation")
with weave.EvaluationLogger(model="calculator", dataset="sums") as ev:
    for question, expected in QUESTIONS:
        with ev.log_prediction({"question": question}) as pred:
            pred.output = calculate(question)
            pred.log_score("correct", pred.output == expected)
            pred.log_score("distance", abs(pred.output - expected))
    ev.log_summary({"questions": len(QUESTIONS)})
client = weave.get_client()
assert client is not None
client.flush()
print(json.dumps(client.get_call(ev.evaluate_call.id).output))
weave.finish()
