"""What a type checker infers of reading calls, of datasets, and of evaluations by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, assert_type

import weave_lite as weave
from weave_lite import Call, Content, EvaluationLogger
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.score_logger import ScoreBlock, ScoreLogger
from weave_lite.trace.feedback import RefFeedbackQuery


@weave.op
def read(page: Annotated[bytes, Content["pdf"]]) -> Annotated[str, Content]:
    return page.decode()


def log_by_hand() -> None:
    with EvaluationLogger(model="m", dataset="d") as logger:
        assert_type(logger, EvaluationLogger)
        prediction = logger.log_prediction({"question": "why"}, "so")
        assert_type(prediction, ScoreLogger)
        prediction.log_score("exact", True)
        with prediction.log_score("judged") as score:
            assert_type(score, ScoreBlock)
            score.value = 0.5
        prediction.finish()
        with logger.log_prediction({"question": "how"}) as second:
            assert_type(second, ScoreLogger)
            second.output = "thus"
            assert_type(second.scores, dict[str, Any])
            assert_type(second.inputs, Mapping[str, Any])
        logger.log_summary({"note": 1})
    assert_type(logger.evaluate_call, Call)


def main() -> None:
    client = weave.init("typed", db=":memory:")
    assert_type(client, weave.WeaveClient)
    assert_type(read(b"x"), str)
    assert_type(read.call(b"x"), tuple[str, Call])

    calls = client.get_calls(limit=5, columns=["inputs"])
    assert_type([call.id for call in calls], list[str | None])
    assert_type(calls[0].exception, str | None)
    assert_type(calls[0].feedback, RefFeedbackQuery)
    assert_type(client.get_call(calls[0].id or "").children()[:1], list[Call])

    dataset = weave.Dataset(name="d", rows=[{"question": "why"}])
    assert_type([row["question"] for row in dataset], list[Any])
    assert_type(dataset[0], dict[str, Any])
    assert_type(dataset[:1], list[dict[str, Any]])
    assert_type(dataset.select([0]), weave.Dataset)
    assert_type(len(dataset), int)
    ref = weave.publish(dataset)
    assert_type(ref, ObjectRef)
    assert_type(ref.feedback, Any)
    log_by_hand()


if __name__ == "__main__":
    main()
