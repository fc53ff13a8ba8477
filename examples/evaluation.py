"""Compare two models on a dataset: rows and scores are calls, and the summary says which is better.

Afterwards, `weave-lite --db evaluation.db evals` lists both, and `evals diff` shows the rows that got worse.
"""

import asyncio

import weave_lite as weave

weave.init("evaluation", db="evaluation.db", settings={"print_call_link": False})


class Greeter(weave.Model):
    """Greets by name; its fields are its version."""

    greeting: str

    @weave.op
    def predict(self, name: str) -> str:
        """Answer a row: the arguments are columns of the dataset."""
        return f"{self.greeting}, {name}!"


class Politeness(weave.Scorer):
    """Looks at the output alone."""

    @weave.op
    def score(self, output: str) -> dict:
        """Score a row."""
        return {"polite": output.startswith(("Hello", "Good"))}


@weave.op
def matches(output: str, expected: str) -> bool:
    return output == expected


people = weave.Dataset(
    name="people",
    rows=[
        {"name": "Ada", "expected": "Hello, Ada!"},
        {"name": "Alan", "expected": "Hello, Alan!"},
        {"name": "Grace", "expected": "Good day, Grace!"},
    ],
)
evaluation = weave.Evaluation(name="greetings", dataset=people, scorers=[Politeness(), matches])

shares = []
for greeting in ("Hello", "Yo"):
    summary = asyncio.run(evaluation.evaluate(Greeter(greeting=greeting), parallelism=2))
    shares.append(summary["matches"]["true_fraction"])
    print(f"{greeting}: {summary['matches']['true_count']} of {len(people)} match")
assert [round(share, 2) for share in shares] == [0.67, 0]
