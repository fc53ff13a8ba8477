"""The command that moves projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest, NotFoundError, UsageError
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command beside a store with two projects."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")

    @weave.op
    def add(a):
        return a + 1

    for project in ("one", "two"):
        weave.init(f"local/{project}", db="weave.db")
        add(1)
    weave.finish()
    return lambda *words: CliRunner().invoke(app, ["sync", *words])


def test_to_a_file(run):
    """All projects, with a report; the second time there is nothing new."""
    done = run("--db", "weave.db", "--to", "copies/copy.db")
    assert done.exit_code == 0
    assert "local/one: moved 1 ops, 1 files, 1 calls" in done.stdout
    assert "read back: 4 right, 0 wrong" in done.stdout
    with SqliteTraceServer("copies/copy.db") as server:
        assert sorted(server.project_ids()) == ["local/one", "local/two"]
    again = run("--db", "weave.db", "--to", "copies/copy.db")
    assert "local/one: moved nothing" in again.stdout


def test_from_a_file_under_another_name(run):
    """Pulled into the store here."""
    done = run(
        "--from", "weave.db", "--db", "here.db", "-p", "local/two", "--as", "acme/x", "--json"
    )
    report = json.loads(done.stdout)
    assert (report["source"], report["target"], report["calls"]) == ("local/two", "acme/x", 1)
    with SqliteTraceServer("here.db") as server:
        assert server.project_ids() == ["acme/x"]


def test_a_dry_run_makes_no_project(run):
    """It only tells."""
    done = run("--db", "weave.db", "--to", "copy.db", "--dry-run")
    assert "local/two: would move 1 ops, 1 files, 1 calls" in done.stdout
    assert not Path("copy.db").exists()


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--db", "weave.db"), UsageError, "say --to"),
        (("--db", "weave.db", "--to", "weave.db"), UsageError, "are the same"),
        (("--from", "nope.db", "--to", "x.db"), NotFoundError, "nope.db"),
        (("--db", "weave.db", "--to", "x.db", "--as", "a/b"), UsageError, "exactly one --project"),
        (("--from", "http://127.0.0.1:9", "--db", "x.db"), InvalidRequest, "does not list them"),
        (("--db", "weave.db", "--to", "x.db", "-p", "bad"), ValueError, "bad"),
    ],
)  # fmt: skip
def test_wrong_use(run, words, error, message):
    """It says what to do."""
    done = run(*words)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)
