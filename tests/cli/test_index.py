"""The commands that make, list and drop indexes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on a store with one trace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")
    weave.init("demo", db="weave.db")

    @weave.op
    def answer(model):
        return f"by {model}"

    answer("gpt-4o")
    weave.finish()
    return lambda *words: CliRunner().invoke(app, ["index", *words, "--db", "weave.db"])


def test_add_list_drop(run):
    """An index is made, shown, and dropped."""
    assert "no index yet" in run("list").output
    assert run("add", "inputs.model").exit_code == 0
    assert run("add", "output").exit_code == 0
    assert run("list").stdout == "inputs.model  index on a path\noutput  index for text search\n"
    lines = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert lines[0] == {"path": "inputs.model", "kind": "path", "pending": 0}
    assert "dropped" in run("drop", "output").output
    assert run("list").stdout == "inputs.model  index on a path\n"


def test_bad_path(run):
    """A path that cannot have an index is refused with what can."""
    done = run("add", "started_at")
    assert isinstance(done.exception, InvalidRequest)
    assert "inputs, output, attributes, summary" in str(done.exception)
