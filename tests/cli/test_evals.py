"""The commands that list, show and compare evaluations."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest
from weave_lite.flow.eval import Evaluation


@weave.op
def exact(output, want):
    return output == want


class Repeat(weave.Model):
    times: int

    @weave.op
    def predict(self, q):
        if q == "boom" and self.times == 2:
            raise ValueError("no")
        return (q * self.times).upper()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with two evaluations and a call that is none."""
    place = str(tmp_path_factory.mktemp("evals") / "weave.db")
    client = weave.init("local/demo", db=place)
    rows = [("a", "A"), ("b", "BB"), ("boom", "BOOM"), ("", "")]
    evaluation = Evaluation(
        name="words",
        dataset=[{"q": q, "want": want} for q, want in rows],
        scorers=[exact],
        evaluation_name="[bold]try[/",
    )
    for times in (1, 2):
        asyncio.run(evaluation.evaluate(Repeat(times=times)))
    other = exact.call("x", "x")[1].id
    ids = [call.id for call in client.get_calls() if call.func_name == "Evaluation.evaluate"]
    weave.finish()
    return place, ids, other


@pytest.fixture
def run(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *words: CliRunner().invoke(app, ["evals", *words, "--db", store[0]])


def test_list(run, store):
    """Newest first, with model version, rows and summary."""
    shown = run()
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert [word in lines[1] for word in ("words [bold]try[/", "Repeat:v1", "exact.true_fraction 0.5")] == [
        True, True, True
    ]  # fmt: skip
    assert "Repeat:v0" in lines[2]
    found = [json.loads(line)["id"] for line in run("--json").stdout.splitlines()]
    assert found == store[1][::-1]


def test_list_on_a_narrow_terminal(run, store, monkeypatch):
    """Ids stay whole, each on the line of its evaluation; only the wide columns shrink."""
    monkeypatch.setenv("COLUMNS", "80")
    lines = run().stdout.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == [each[-12:] for each in store[1][::-1]]


def test_show(run, store):
    """The summary and all rows; by the end of an id."""
    shown = run("show", store[1][1][-12:]).stdout
    assert shown.startswith(" ✓ words [bold]try[/ of Repeat:v1 ")
    assert "exact.true_count" in shown
    assert '{"q":"boom","want":"BOOM"}' in shown
    rows = [json.loads(line) for line in run("show", store[1][1], "--json").stdout.splitlines()]
    assert [(row["output"], row["scores"], row["is_failed"]) for row in rows] == [
        ("AA", {"exact": False}, False),
        ("BB", {"exact": True}, False),
        (None, {}, True),
        ("", {"exact": True}, False),
    ]


def test_diff(run, store):
    """Regressions first; status 1 when there are any."""
    done = run("diff", *store[1])
    assert done.exit_code == 1
    kinds = [line.split()[0] for line in done.stdout.splitlines()[3:]]
    assert kinds == ["regression", "regression", "improvement"]
    assert "2 regression, 1 improvement, 1 same" in done.stderr
    same = run("diff", store[1][0], store[1][0])
    assert (same.exit_code, "4 same" in same.stderr) == (0, True)
    lower = run("diff", *store[1], "--lower-is-better", "exact", "--json", "--all")
    kinds = [json.loads(line)["kind"] for line in lower.stdout.splitlines()]
    assert kinds == ["regression", "regression", "improvement", "same"]


def test_what_is_no_evaluation(run, store):
    """It says what it is."""
    done = run("show", store[2])
    assert isinstance(done.exception, InvalidRequest)
    assert "is a call of exact, not an evaluation" in str(done.exception)


def test_none(tmp_path):
    """An empty project is no error."""
    place = str(tmp_path / "weave.db")
    weave.init("local/demo", db=place)
    exact("x", "x")
    weave.finish()
    done = CliRunner().invoke(app, ["evals", "--db", place])
    assert (done.exit_code, done.stderr) == (0, "no evaluations\n")
