"""What a type checker infers of evaluations; run as a program, it does what it says."""

from __future__ import annotations

import asyncio
from typing import Any, assert_type

import weave_lite as weave
from weave_lite.flow.eval import EvaluationResults


class Answerer(weave.Model):
    prefix: str

    @weave.op
    def predict(self, question: str) -> str:
        return self.prefix + question


@weave.op
def exact(output: str, expected: str) -> bool:
    return output == expected


def main() -> None:
    weave.init("typed", db=":memory:")
    model = Answerer(prefix="re: ")
    assert_type(model.predict("why"), str)
    dataset = weave.Dataset(rows=[{"question": "why", "expected": "re: why"}])
    for row in dataset:
        assert_type(row, dict[str, Any])
    evaluation = weave.Evaluation(dataset=dataset, scorers=[exact])
    assert_type(asyncio.run(evaluation.evaluate(model)), dict[str, Any])
    assert_type(asyncio.run(evaluation.get_eval_results(model)), EvaluationResults)


if __name__ == "__main__":
    main()
