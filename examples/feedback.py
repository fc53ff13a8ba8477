"""Say what is good and what is not, then find calls by it; and what the calls cost."""

import weave_lite as weave

client = weave.init("feedback", db="feedback.db")

# Question, answer, and whether it is right.
ANSWERS = [("2 + 2", "4", True), ("3 * 3", "6", False), ("5 - 1", "4", True)]


@weave.op
def calculate(question: str) -> dict:
    answer = next(answer for asked, answer, _ in ANSWERS if asked == question)
    usage = {"prompt_tokens": len(question), "completion_tokens": len(answer)}
    return {"answer": answer, "model": "abacus", "usage": usage}


for question, _, is_right in ANSWERS:
    _, call = calculate.call(question)
    call.feedback.add_reaction("👍" if is_right else "👎")
    call.feedback.add("grade", {"score": 1.0 if is_right else 0.25})

# All that was said comes back with the calls.
for call in client.get_calls(include_feedback=True):
    said = [row["payload"] for row in call.summary["weave"]["feedback"]]
    answer = call.output["answer"]
    print(call.inputs["question"], "=", answer, [row.get("alias", row) for row in said])

# What was said can be asked for, and sorted by: feedback.[type].payload.path
score = "feedback.[grade].payload.score"
bad = client.get_calls(
    query={"$expr": {"$not": [{"$gte": [{"$getField": score}, {"$literal": 0.5}]}]}},
    sort_by=[{"field": score, "direction": "asc"}],
)
print("to look at:", [call.inputs["question"] for call in bad])
liked = client.get_feedback(reaction="👍").refs().calls()
print("liked:", [call.inputs["question"] for call in liked])

# A price per token of a model; known models have theirs.
client.add_cost("abacus", prompt_token_cost=0.001, completion_token_cost=0.002)
cost = liked[0].costs["abacus"]
print(f"cost: {cost['prompt_tokens_total_cost'] + cost['completion_tokens_total_cost']:.3f} USD")
