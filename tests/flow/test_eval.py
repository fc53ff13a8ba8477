"""Evaluation: what it takes, what a row is, what is summed up. The trees are in test_call_trees."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

import weave_lite as weave
from weave_lite.core.errors import InvalidRequest, NotSupportedError, OpCallError, UsageError
from weave_lite.flow.eval import Evaluation, EvaluationResults, evaluate
from weave_lite.flow.eval_rows import EvalProgress
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi

ROWS = [{"q": "a", "want": "A"}, {"q": "b", "want": "x"}, {"q": "c", "want": "C"}]


@weave.op
def exact(output, want):
    return output == want


@weave.op
def upper(q):
    return q.upper()


@weave.op
async def upper_later(q):
    await asyncio.sleep(0)
    return q.upper()


class Shout(weave.Model):
    mark: str = "!"

    @weave.op
    def predict(self, q):
        return q + self.mark


class Length(weave.Scorer):
    @weave.op
    def score(self, *, output):
        return {"length": len(output)}

    @weave.op
    def summarize(self, score_rows):
        return {"longest": max(row.get("length", 0) for row in score_rows)}


@pytest.fixture
def client():
    with memory_client() as client:
        yield client


def run(evaluation, model, **options):
    return asyncio.run(evaluation.evaluate(model, **options))


def without_latency(summary):
    return {key: value for key, value in summary.items() if key != "model_latency"}


def ops(client):
    return Counter(call.func_name for call in client.get_calls())


# --- what it takes ---


@pytest.mark.parametrize("model", [upper, upper_later])
def test_a_function_is_evaluated(client, model):
    """Sync and async, the summary is the same."""
    summary = run(Evaluation(dataset=ROWS, scorers=[exact]), model)
    assert without_latency(summary) == {"exact": {"true_count": 2, "true_fraction": 2 / 3}}
    assert summary["model_latency"]["mean"] >= 0


def test_it_works_without_a_client():
    """Nothing is traced, the summary is there."""
    summary = run(Evaluation(dataset=ROWS, scorers=[exact, Length()]), upper)
    assert without_latency(summary) == {
        "exact": {"true_count": 2, "true_fraction": 2 / 3},
        "Length": {"longest": 1},
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: weave.Dataset(rows=ROWS),
        lambda: weave.publish(weave.Dataset(name="d", rows=ROWS)),
        lambda: weave.publish(weave.Dataset(name="d", rows=ROWS)).get(),
        lambda: weave.Table(ROWS),
    ],
)
def test_forms_of_a_dataset(client, make):
    """Made here, stored, fetched."""
    summary = run(Evaluation(dataset=make(), scorers=[exact]), upper)
    assert summary["exact"]["true_count"] == 2


def test_a_data_frame_is_a_dataset(client):
    """One row per record."""
    pd = pytest.importorskip("pandas")
    summary = run(Evaluation(dataset=pd.DataFrame(ROWS), scorers=[exact]), upper)
    assert summary["exact"]["true_count"] == 2


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"dataset": 5}, TypeError, "dataset must be a weave.Dataset, a list of dicts"),
        ({"dataset": ROWS, "scorers": [Length]}, TypeError, r"give Length\(\), not Length"),
        ({"dataset": ROWS, "scorers": [5]}, ValueError, "a weave.Scorer, an op or a function"),
        ({"dataset": ROWS, "trials": 0}, ValueError, "trials"),
        ({"dataset": []}, ValueError, "no rows"),
        ({"dataset": ROWS, "scorer": [exact]}, ValueError, "scorer"),
    ],
)
def test_what_it_refuses(fields, error, words):
    """The message says what to give."""
    with pytest.raises(error, match=words):
        Evaluation(**fields)


class Silent(weave.Model):
    pass


class Plain(weave.Model):
    def predict(self, q):
        return q


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Shout, r"give an instance: Shout\(\)"),
        (lambda q: q, "decorate a function with @weave.op"),
        (5, "not int"),
        (Silent(), "no method that answers"),
        (Plain(), "Plain.predict must be an op"),
    ],
)
def test_models_it_refuses(client, model, words):
    """With the remedy."""
    with pytest.raises(ValueError, match=words):
        run(Evaluation(dataset=ROWS, scorers=[exact]), model)


@pytest.mark.parametrize("parallelism", [0, -1, True, 1.5, "2"])
def test_parallelism_is_a_count(client, parallelism):
    """From 1."""
    with pytest.raises(InvalidRequest, match="parallelism must be a whole number from 1"):
        run(Evaluation(dataset=ROWS), upper, parallelism=parallelism)


def test_parallelism_of_the_environment(client, monkeypatch):
    """Checked as well."""
    monkeypatch.setenv("WEAVE_PARALLELISM", "many")
    with pytest.raises(UsageError, match="WEAVE_PARALLELISM must be a number from 1"):
        run(Evaluation(dataset=ROWS), upper)


# --- names ---


def test_names(client):
    """After the dataset; calls by the evaluation's own rule, and nobody else's."""
    assert Evaluation(dataset=ROWS).name is None
    assert Evaluation(dataset=weave.Dataset(name="d", rows=ROWS)).name == "d-evaluation"
    first = Evaluation(dataset=ROWS, evaluation_name="mine")
    second = Evaluation(
        dataset=ROWS, evaluation_name=lambda call: f"of {call.inputs['model'].mark}"
    )
    third = Evaluation(dataset=ROWS)
    for evaluation in (first, second, third):
        run(evaluation, Shout())
    found = client.get_calls(filter={"trace_roots_only": True})
    names = [call.display_name for call in found]
    assert names[:2] == ["mine", "of !"]
    assert names[2].startswith("eval-20")
    assert len(names[2].split("-")) == 6


# --- rows ---


@pytest.mark.parametrize("parallelism", [1, 20])
def test_results_stand_in_the_order_of_the_rows(client, parallelism):
    """However long each takes."""

    @weave.op
    def slow(q):
        time.sleep(0.02 if q == "a" else 0)
        return q

    evaluation = Evaluation(dataset=ROWS, scorers=[exact], trials=2)
    results = asyncio.run(evaluation.get_eval_results(slow, parallelism=parallelism))
    assert isinstance(results, EvaluationResults)
    assert [row["output"] for row in results.rows] == ["a", "b", "c"] * 2
    assert results.rows[0]["scores"] == {"exact": False}


def test_slow_rows_run_side_by_side(client):
    """Up to the limit, and not more."""
    running, most, lock = 0, 0, threading.Lock()

    @weave.op
    def slow(q):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return q

    run(Evaluation(dataset=[{"q": n} for n in range(24)]), slow, parallelism=4)
    assert most == 4


@pytest.mark.parametrize("is_async", [False, True])
def test_a_failing_model_is_a_row_without_scores(client, caplog, is_async):
    """The others count; the fault is told once per row, by its text."""

    @weave.op
    def fail_on_b(q):
        if q == "b":
            raise ValueError("no b")
        return q.upper()

    @weave.op
    async def fail_later(q):
        return fail_on_b(q)

    model = fail_later if is_async else fail_on_b
    evaluation = Evaluation(dataset=ROWS, scorers=[exact, Length()])
    results = asyncio.run(evaluation.get_eval_results(model))
    row = results.rows[1]
    assert (row["output"], row["scores"]) == (None, {})
    assert row["model_latency"] >= 0
    assert "the model failed: ValueError: no b" in caplog.text
    summary = asyncio.run(evaluation.summarize(results))
    assert summary["exact"] == {"true_count": 2, "true_fraction": 2 / 3}


def test_a_failing_scorer_loses_nothing_else(client, caplog):
    """The output and other scores stay; that scorer has none for the row."""

    @weave.op
    def broken(output):
        raise ZeroDivisionError("no")

    evaluation = Evaluation(dataset=ROWS, scorers=[broken, exact])
    results = asyncio.run(evaluation.get_eval_results(upper))
    assert [row["scores"] for row in results.rows] == [
        {"exact": True}, {"exact": False}, {"exact": True}
    ]  # fmt: skip
    assert results.rows[0]["output"] == "A"
    assert "scorer 'broken' failed" in caplog.text


def test_a_missing_column_ends_the_evaluation(client):
    """No row could work: it says which one, and what to do; its call fails."""

    @weave.op
    def needs_more(question):
        return question

    with pytest.raises(OpCallError, match="needs question, and the columns are q, want"):
        run(Evaluation(dataset=ROWS, scorers=[exact]), needs_more)

    @weave.op
    def strict(output, gold):
        return 1

    with pytest.raises(OpCallError, match="scorer 'strict' needs gold") as error:
        run(Evaluation(dataset=ROWS, scorers=[strict]), upper)
    assert "column_map" in str(error.value)
    roots = client.get_calls(filter={"trace_roots_only": True})
    assert [call.status for call in roots] == ["error", "error"]
    assert not [call for call in client.get_calls() if call.status == "running"]


def test_only_the_model_sees_what_was_preprocessed(client):
    """Scorers see the row; refs stand where the value is still that of the row."""

    @weave.op
    def both(text, want):
        return text + want

    evaluation = Evaluation(
        dataset=ROWS[:1],
        scorers=[exact],
        preprocess_model_input=lambda row: {"text": row["q"] * 2, "want": row["want"]},
    )
    results = asyncio.run(evaluation.get_eval_results(both))
    assert results.rows[0]["output"] == "aaA"
    (call,) = [c for c in client.get_calls() if c.func_name == "both"]
    assert call.inputs["text"] == "aa"
    assert call.inputs["want"].uri().endswith("/key/want")


def test_preprocessing_may_be_async(client):
    """It is awaited, also where neither model nor scorers are async."""

    async def prepare(row):
        await asyncio.sleep(0)
        return {"q": row["q"] * 2}

    evaluation = Evaluation(dataset=ROWS, preprocess_model_input=prepare)
    results = asyncio.run(evaluation.get_eval_results(upper))
    assert [row["output"] for row in results.rows] == ["AA", "BB", "CC"]


def test_ops_that_classes_take_from_elsewhere_or_that_are_static(client):
    """A model and a scorer may have them; they get what they have parameters for."""

    @weave.op
    def answer(self, q):
        return q + self.mark

    @weave.op
    def judge(self, output, want):
        return [output, want, self.name]

    class Taken(weave.Model):
        mark: str = "!"
        predict = answer

    class Judge(weave.Scorer):
        score = judge

    class Static(weave.Model):
        @staticmethod
        @weave.op
        def predict(q):
            return q.upper()

    class StaticScorer(weave.Scorer):
        @staticmethod
        @weave.op
        def score(output, want):
            return output == want

    evaluation = Evaluation(dataset=ROWS[:1], scorers=[Judge(name="J"), StaticScorer()])
    found = [
        asyncio.run(evaluation.get_eval_results(model)).rows[0] for model in (Taken(), Static())
    ]
    assert [(row["output"], row["scores"]) for row in found] == [
        ("a!", {"J": ["a!", "A", "J"], "StaticScorer": False}),
        ("A", {"J": ["A", "A", "J"], "StaticScorer": True}),
    ]


def test_user_code_gets_plain_values(client):
    """Types are the user's own; what is recorded are refs."""
    seen = []

    @weave.op
    def look(q, want):
        seen.append((type(q), type(want)))
        return q

    @weave.op
    def judge(output, want):
        seen.append((type(output), type(want)))
        return True

    stored = weave.publish(weave.Dataset(name="d", rows=ROWS)).get()
    for dataset in (ROWS, stored):
        run(Evaluation(dataset=dataset, scorers=[judge]), look)
    assert set(seen) == {(str, str)}
    judged = [c for c in client.get_calls() if c.func_name == "judge"]
    assert {c.inputs["want"].uri().rpartition("/attr/")[2][:8] for c in judged} == {"rows/id/"}


def test_old_scorers_turn_the_key(client, caplog):
    """``model_output`` is the old name of ``output``, in the rows too."""

    @weave.op
    def old(model_output, want):
        return model_output == want

    evaluation = Evaluation(dataset=ROWS, scorers=[old])
    results = asyncio.run(evaluation.get_eval_results(upper))
    assert list(results.rows[0]) == ["model_output", "scores", "model_latency"]
    assert "rename it to output" in caplog.text


def test_a_row_of_the_users_own(client):
    """An overridden predict_and_score decides what a row is, and may wait."""

    class Own(Evaluation):
        @weave.op
        async def predict_and_score(self, model, example):
            await asyncio.sleep(0)
            return {"output": model(example["q"]), "scores": {"exact": True}}

    summary = run(Own(dataset=ROWS, scorers=[exact]), upper)
    assert summary == {"exact": {"true_count": 3, "true_fraction": 1.0}}


def test_a_row_can_be_asked_alone(client):
    """The op works by itself."""
    evaluation = Evaluation(dataset=ROWS, scorers=[exact])
    row = asyncio.run(evaluation.predict_and_score(upper, ROWS[1]))
    assert (row["output"], row["scores"]) == ("B", {"exact": False})


def test_a_summary_of_the_scorers_own_may_wait(client):
    """An async summarize is awaited."""

    class Later(weave.Scorer):
        @weave.op
        def score(self, *, output):
            return 1

        @weave.op
        async def summarize(self, score_rows):
            await asyncio.sleep(0)
            return {"n": len(score_rows)}

    assert run(Evaluation(dataset=ROWS, scorers=[Later()]), upper)["Later"] == {"n": 3}


# --- storing ---


def test_it_comes_back(client):
    """A stored evaluation runs again, with scorers of classes that are imported."""
    evaluation = Evaluation(name="e", dataset=ROWS, scorers=[Length(), exact], trials=2)
    ref = weave.publish(evaluation)
    found = ref.get()
    assert type(found) is Evaluation
    assert (found.trials, len(found.dataset.rows)) == (2, 3)
    assert run(found, upper)["Length"] == {"longest": 1}
    assert weave.publish(found).digest == ref.digest


def test_functions_do_not_come_back(client, caplog):
    """A stored preprocess function is not run, and that is said."""
    ref = weave.publish(Evaluation(name="e", dataset=ROWS, preprocess_model_input=lambda row: row))
    copy = client.get(ref, objectify=False)
    assert Evaluation.from_obj(copy).preprocess_model_input is None
    assert "is not run; set it again" in caplog.text


def test_usage_of_models_adds_up(client):
    """The evaluate call sums what its rows used."""

    @weave.op
    def llm(q):
        return {"model": "m", "usage": {"total_tokens": 2}}

    run(Evaluation(dataset=ROWS), llm)
    (root,) = client.get_calls(filter={"trace_roots_only": True})
    assert root.summary["usage"] == {"m": {"requests": 3, "total_tokens": 6}}


def test_scores_are_feedback_on_the_models_calls(client):
    """One per row and scorer."""
    run(Evaluation(dataset=ROWS, scorers=[exact, Length()]), upper)
    found = client.server.feedback_query(tsi.FeedbackQueryReq(project_id=client.project_id)).result
    kinds = Counter(row["feedback_type"] for row in found)
    assert kinds == {"wandb.runnable.exact": 3, "wandb.runnable.Length": 3}
    scored = {client.get_call(row["weave_ref"].rpartition("/")[2]).func_name for row in found}
    assert scored == {"upper"}


# --- what is told ---


@pytest.mark.parametrize("model", [upper, upper_later])
def test_progress_is_told_row_by_row(client, model):
    """How many of how many, and how many failed."""
    told = []
    run(Evaluation(dataset=ROWS, scorers=[exact], trials=2), model, progress=told.append)
    assert told == [EvalProgress(done, 6, 0) for done in range(1, 7)]


def test_it_is_silent_where_nobody_looks(client, capfd):
    """Nothing is printed when there is no terminal."""
    run(Evaluation(dataset=ROWS, scorers=[exact]), upper)
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_there_is_a_table(client, monkeypatch, capsys):
    """Also with names that look like markup."""
    monkeypatch.setattr("weave_lite.flow.eval_report.is_terminal", lambda: True)

    @weave.op(name="[red]odd[/")
    def odd(output):
        return True

    run(Evaluation(dataset=ROWS, scorers=[odd]), upper)
    shown = capsys.readouterr().err
    assert "Evaluation" in shown
    assert "true_count" in shown


# --- the plain function ---


def test_evaluate_waits(client):
    """In and out of a running loop."""

    async def inside():
        return evaluate(ROWS, upper, [exact])

    wanted = {"exact": {"true_count": 2, "true_fraction": 2 / 3}}
    assert without_latency(evaluate(ROWS, upper, [exact])) == wanted
    assert without_latency(asyncio.run(inside())) == wanted


_WRITER = """
import weave_lite as weave
weave.init("p", db={db!r})
class Doubles(weave.Model):
    by: int = 2
    @weave.op
    def predict(self, n): return n * self.by
class Near(weave.Scorer):
    most: int = 1
    @weave.op
    def score(self, output, n): return abs(output - n) <= self.most
weave.publish(Doubles(by=2), "doubles")
rows = [{{"n": n}} for n in range(4)]
weave.publish(weave.Evaluation(name="ev", dataset=rows, scorers=[Near(most=2)]))
weave.finish()
"""


def test_a_stored_evaluation_whose_classes_are_not_here(tmp_path):
    """It says so; where running stored code is allowed, model and scorer run."""
    db = str(tmp_path / "x.db")
    writer = tmp_path / "writer.py"  # a file: the source of code in -c is nowhere
    writer.write_text(_WRITER.format(db=db))
    subprocess.run([sys.executable, str(writer)], check=True, timeout=60)
    weave.init("p", db=db)
    try:
        evaluation, model = weave.ref("ev").get(), weave.ref("doubles").get()
        with pytest.raises(NotSupportedError, match="'Near.score' was read from the store"):
            run(evaluation, upper)
        with pytest.raises(NotSupportedError, match="'Doubles.predict' was read from the store"):
            run(Evaluation(dataset=ROWS), model)
        with pytest.raises(NotSupportedError, match="'Doubles.predict' was read from the store"):
            run(Evaluation(dataset=ROWS), model.predict)

        evaluation = weave.ref("ev").get(allow_stored_code=True)
        model = weave.ref("doubles").get(allow_stored_code=True)
        assert without_latency(run(evaluation, model)) == {
            "output": {"mean": 3.0},
            "Near": {"true_count": 3, "true_fraction": 0.75},
        }
    finally:
        weave.finish()


# --- what must not cost the rest ---


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda row: {"q": row["q"] / 2}, "unsupported operand"),
        (lambda row: None, "preprocess_model_input must return a dict, not NoneType"),
    ],
)
def test_a_failing_preprocess_is_a_failed_row(client, caplog, make, words):
    """The other rows are asked; the fault is told."""
    evaluation = Evaluation(
        dataset=ROWS,
        scorers=[exact],
        preprocess_model_input=lambda row: make(row) if row["q"] == "b" else row,
    )
    results = asyncio.run(evaluation.get_eval_results(upper))
    assert [row["output"] for row in results.rows] == ["A", None, "C"]
    assert results.rows[1]["scores"] == {}
    assert words in caplog.text


def test_a_failing_summary_loses_nothing_else(client, caplog):
    """That scorer has no summary, the others have; the evaluation ends well."""

    class Broken(Length):
        @weave.op
        def summarize(self, score_rows):
            raise ValueError("no sum")

    summary = run(Evaluation(dataset=ROWS, scorers=[Broken(), exact]), upper)
    assert without_latency(summary) == {
        "Broken": None,
        "exact": {"true_count": 2, "true_fraction": 2 / 3},
    }
    assert "scorer 'Broken' failed to summarize: ValueError('no sum')" in caplog.text


def test_two_scorers_of_one_name_are_refused(client):
    """One would overwrite the scores of the other; a name of its own helps."""
    with pytest.raises(ValueError, match="two scorers are named 'Length'"):
        run(Evaluation(dataset=ROWS, scorers=[Length(), Length()]), upper)
    summary = run(Evaluation(dataset=ROWS, scorers=[Length(), Length(name="other")]), upper)
    assert (summary["Length"], summary["other"]) == ({"longest": 1}, {"longest": 1})


@pytest.mark.parametrize("name", ["output", "model_latency", "scores"])
def test_a_scorer_may_be_named_like_a_column(client, name):
    """Its summary stands in place of that of the column."""

    @weave.op(name=name)
    def scorer(output):
        return True

    summary = run(Evaluation(dataset=ROWS, scorers=[scorer]), upper)
    assert summary[name] == {"true_count": 3, "true_fraction": 1.0}


def test_positional_only_parameters_are_refused(client):
    """Columns go by name; it is said before any row is asked."""

    @weave.op
    def model(q, /):
        return q

    @weave.op
    def scorer(output, /):
        return True

    class Slash(weave.Model):
        @weave.op
        def predict(self, /, q):
            return q

    with pytest.raises(ValueError, match="model 'model' has positional-only parameters"):
        run(Evaluation(dataset=ROWS), model)
    with pytest.raises(ValueError, match="scorer 'scorer' has positional-only parameters"):
        Evaluation(dataset=ROWS, scorers=[scorer])
    results = asyncio.run(Evaluation(dataset=ROWS).get_eval_results(Slash()))
    assert [row["output"] for row in results.rows] == ["a", "b", "c"]
