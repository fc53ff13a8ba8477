"""The calls of an evaluation made by hand, from its start to its summary.

What users see of it is ``eval_imperative``. Needs no event loop; any thread may log.
"""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from weave_lite.flow.auto_summarize import auto_summarize
from weave_lite.flow.eval_parts import stub_op
from weave_lite.flow.score_feedback import put_score
from weave_lite.trace import at_exit
from weave_lite.trace.attributes import AttributeScope
from weave_lite.trace.context import attribute_scope, call_stack, push_call, tracing_enabled
from weave_lite.trace.guard import captured, warn
from weave_lite.trace.tracer import placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.flow.eval_parts import NamedScorer
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["LoggedEvaluation", "Prediction"]

_EVALUATE = "Evaluation.evaluate"
_MARK = "_weave_eval_meta"
_META = {_MARK: {"imperative": True}}
_SCORE_META = {_MARK: {"imperative": True, "score": True}}


class Prediction:
    """What is known of one prediction.

    Args:
        inputs: What the model was asked.
        output: What it said.
        row_call: The call of prediction and scores.
        predict_call: The call of the model.
    """

    __slots__ = (
        "empty_blocks",
        "entered_s",
        "inputs",
        "is_over",
        "is_predicted",
        "latency_s",
        "output",
        "predict_call",
        "row_call",
        "scores",
    )

    def __init__(
        self, inputs: Mapping[str, Any], output: Any, row_call: Call, predict_call: Call
    ) -> None:
        self.inputs = inputs
        self.output = output
        self.row_call = row_call
        self.predict_call = predict_call
        self.scores: dict[str, Any] = {}
        # Scores that are to be set in a block which was not entered yet.
        self.empty_blocks: list[str] = []
        self.is_predicted = self.is_over = False
        self.entered_s: float | None = None
        self.latency_s: float | None = None


class LoggedEvaluation:
    """An evaluation that is being logged. Ends by itself when nobody holds it any more.

    Args:
        client: Where to record it; None records nothing.
        evaluation: The Evaluation.
        model: The model.
        display_name: Of the evaluate call.
        attributes: More attributes of the evaluate call.
    """

    def __init__(
        self,
        client: WeaveClient | None,
        evaluation: Any,
        model: Any,
        display_name: str,
        attributes: Mapping[str, Any],
    ) -> None:
        self.is_over = True  # until all is there: what failed here has nothing to end
        self._client = client
        self._open: dict[int, Prediction] = {}
        self._scores: list[dict[str, Any]] = []
        self._scorer_uris: dict[int, tuple[NamedScorer, str]] = {}
        self._scopes: tuple[Any, AttributeScope, AttributeScope] | None = None
        self._is_own = True
        self.call = placeholder()
        if client is not None:
            # Texts stand for the objects: they are written faster, and are the same when stored.
            self._evaluation_uri = client.publisher.save_object(evaluation)
            self._model_uri = client.publisher.save_object(model)
            self.call = client.create_call(
                stub_op(_EVALUATE),
                {"self": self._evaluation_uri, "model": self._model_uri},
                _parent(),
                attributes={**attributes, **_META},
                display_name=display_name,
                use_stack=False,
            )
            if self.call.id is not None:
                push_call(self.call)
            at_exit.watch_stream(self)
        self.is_over = False

    # --- predictions ---

    def predict(self, inputs: Mapping[str, Any], output: Any) -> Prediction:
        """Begin a prediction; one that has its output is over at once, its scores are not."""
        if self._client is None or not tracing_enabled.get():
            prediction = Prediction(inputs, output, placeholder(), placeholder())
        else:
            own = {"self": self._evaluation_uri, "model": self._model_uri, "example": inputs}
            row_call = self._begin(stub_op("Evaluation.predict_and_score"), own, self.call)
            asked = {"self": self._model_uri, "inputs": inputs}
            predict_call = self._begin(stub_op("Model.predict"), asked, row_call)
            prediction = Prediction(inputs, output, row_call, predict_call)
            if not self._is_own:
                at_exit.watch_stream(self)  # a fork forgets what was watched
        self._open[id(prediction)] = prediction
        self._scores.append(prediction.scores)
        if output is not None:
            self.end_predict(prediction)
        return prediction

    def enter(self, prediction: Prediction) -> None:
        """Make a prediction the current call: calls that follow nest under it."""
        if prediction.row_call.id is not None:
            push_call(prediction.row_call)
            if not prediction.is_predicted:
                push_call(prediction.predict_call)
        prediction.entered_s = perf_counter()

    def end_predict(self, prediction: Prediction, error: BaseException | None = None) -> None:
        """End the call of the model, unless it has ended."""
        if prediction.is_predicted:
            return
        prediction.is_predicted = True
        if prediction.entered_s is not None:
            prediction.latency_s = perf_counter() - prediction.entered_s
        self._end(prediction.predict_call, None if error else prediction.output, error)

    def end_prediction(self, prediction: Prediction, error: BaseException | None = None) -> None:
        """End a prediction with its scores, unless it has ended."""
        if prediction.is_over:
            return
        self.end_predict(prediction)
        prediction.is_over = True
        self._open.pop(id(prediction), None)
        for name in prediction.empty_blocks:
            warn(
                f"log_score({name!r}) was given no score, so there is none; give it one, or use it "
                "in a with block and set its value"
            )
        row = {
            "output": prediction.output,
            "scores": dict(prediction.scores),
            "model_latency": prediction.latency_s,
        }
        self._end(prediction.row_call, row, error)

    # --- scores ---

    def begin_score(self, prediction: Prediction, scorer: NamedScorer) -> Call:
        """Begin the call of a scorer."""
        self.end_predict(prediction)
        client = self._client
        if client is None or prediction.row_call.id is None:
            return placeholder()
        inputs = {
            "self": self._uri_of(client, scorer),
            "output": prediction.output,
            "inputs": prediction.inputs,
        }
        return self._begin(scorer.op, inputs, prediction.row_call, is_score=True)

    def end_score(
        self, prediction: Prediction, scorer: NamedScorer, call: Call, score: Any
    ) -> None:
        """End the call of a scorer, and keep what it said."""
        self._end(call, score)
        prediction.scores[scorer.name] = score
        client = self._client
        if client is not None and call.id is not None:
            put_score(client, prediction.predict_call, self._uri_of(client, scorer), score, call)

    def fail_score(self, call: Call, error: BaseException) -> None:
        """End the call of a scorer that raised."""
        self._end(call, None, error)

    def _uri_of(self, client: WeaveClient, scorer: NamedScorer) -> str:
        known = self._scorer_uris.get(id(scorer))
        if known is None:
            uri = client.publisher.save_object(scorer.value)
            known = self._scorer_uris[id(scorer)] = (scorer, uri)
        return known[1]

    # --- the end ---

    def sum_up(self, summary: Mapping[str, Any], *, is_auto: bool) -> dict[str, Any]:
        """End all with a summary, and return it.

        Args:
            summary: Goes over what is worked out.
            is_auto: Whether scores are summed up.
        """
        self._end_predictions()
        found: dict[str, Any] = {}
        if is_auto:
            found.update(auto_summarize(self._scores) or {})
        found.update(summary)
        if self._client is not None:
            call = self._begin(
                stub_op("Evaluation.summarize"), {"self": self._evaluation_uri}, self.call
            )
            self._end(call, found)
        self._finish(found)
        return found

    def finish(self, error: BaseException | None = None) -> None:
        """End all that is open, without a summary."""
        if not self.is_over:
            self._end_predictions()
            self._finish(None, error)

    def _end_predictions(self) -> None:
        for prediction in list(self._open.values()):
            self.end_prediction(prediction)

    def _finish(self, output: Any, error: BaseException | None = None) -> None:
        self.is_over = True
        if self._is_own:
            self._end(self.call, output, error)

    def disown(self) -> None:
        """In a forked child: what was begun is the parent's to end."""
        self._is_own = False
        self._open.clear()

    def close_for_good(self, timeout: float) -> None:
        """End all because the process ends."""
        del timeout
        self.finish()

    def __del__(self) -> None:
        # While the interpreter ends, anything may be gone already.
        with suppress(Exception):
            self.finish()

    # --- records ---

    def _begin(
        self, op: Any, inputs: dict[str, Any], parent: Call, *, is_score: bool = False
    ) -> Call:
        client = self._client
        if client is None or parent.id is None:
            return placeholder()
        user = attribute_scope.get()
        scopes = self._scopes
        if scopes is None or scopes[0] is not user:
            values = {} if user is None else user.values
            scopes = self._scopes = (
                user,
                AttributeScope({**values, **_META}),
                AttributeScope({**values, **_SCORE_META}),
            )
        attribute_scope.set(scopes[2] if is_score else scopes[1])
        try:
            return client.create_call(op, inputs, parent, use_stack=False)
        finally:
            attribute_scope.set(user)

    def _end(self, call: Call, output: Any, error: BaseException | None = None) -> None:
        if self._client is None or call.id is None:
            return
        try:
            self._client.finish_call(call, output, error)
        except Exception as failure:
            captured("Error finishing a logged call", failure)


def _parent() -> Call | None:
    """Find the call that a new evaluation is part of: not another one that is being logged."""
    stack = call_stack.get()
    while stack is not None and stack[0].func_name == _EVALUATE and _MARK in stack[0].attributes:
        stack = stack[1]
    return None if stack is None else stack[0]
