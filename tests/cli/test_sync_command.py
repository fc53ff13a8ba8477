"""The command that moves projects."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest, NotFoundError, UsageError
from weave_lite.trace_server import trace_server_interface as tsi
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


def test_one_project_by_its_name_alone(run):
    """As in the other commands."""
    run("--db", "weave.db", "--to", "copy.db", "-p", "two")
    with SqliteTraceServer("copy.db") as server:
        assert server.project_ids() == ["local/two"]


def test_the_journal_is_in_the_file_that_is_written(run):
    """So a copy that was thrown away is made anew, and one that was moved is known."""
    run("--db", "weave.db", "--to", "copy.db")
    Path("copy.db").rename("moved.db")
    moved = run("--db", "weave.db", "--to", "moved.db")
    made_anew = run("--db", "weave.db", "--to", "copy.db")
    assert "local/one: moved nothing" in moved.stdout
    assert "local/one: moved 1 ops, 1 files, 1 calls" in made_anew.stdout


def test_a_source_that_cannot_be_written(run):
    """It is only read, and nothing is left beside it."""
    with closing(sqlite3.connect("weave.db")) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = Path("read-only")
        folder.mkdir()
        shutil.copy("weave.db", folder)
    before = (folder / "weave.db").read_bytes()
    done = run("--db", "read-only/weave.db", "--to", "copy.db")
    assert done.exit_code == 0
    assert (folder / "weave.db").read_bytes() == before


def test_problems_are_told(run):
    """With exit status 1, at most twenty of them unless as JSON."""
    with SqliteTraceServer("weave.db") as server:
        for n in range(25):
            server.feedback_create(
                tsi.FeedbackCreateReq(
                    project_id="local/one",
                    id=f"0197d1a0-0000-7000-8000-0000000000{n:02}",
                    weave_ref="weave:///local/one/call/c",
                    feedback_type="own",
                    payload={"n": n},
                )
            )
    run("--db", "weave.db", "--to", "copy.db")
    with closing(sqlite3.connect("copy.db")) as conn:
        conn.execute("UPDATE feedback SET payload = '{}'")
        conn.commit()
    done = run("--db", "weave.db", "--to", "copy.db", "-p", "one", "--check-all")
    assert done.exit_code == 1
    assert "read back: 4 right, 25 wrong" in done.stdout
    assert done.stderr.count("is not what it was") == 20
    assert "and 5 more; --json tells all" in done.stderr


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self):
        return True


def test_progress_on_a_terminal(run, monkeypatch):
    """One line that is written over, and empty in the end; elsewhere there is none."""
    terminal = Terminal()
    monkeypatch.setattr("weave_lite.cli.sync._PAUSE_S", -1)
    monkeypatch.setattr("weave_lite.cli.sync.sys", SimpleNamespace(stderr=terminal))
    run("--db", "weave.db", "--to", "copy.db", "-p", "one")
    lines = terminal.getvalue().split("\r\x1b[K")
    assert lines == [
        "", "local/one: 1 objects and ops", "local/one: 1 calls, 1 in all",
        "local/one: reading back", "",
    ]  # fmt: skip


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
        (("--db", "weave.db", "--to", "x.db", "-p", "bad"), NotFoundError, "known: local/two, local/one"),
        (("--db", "weave.db", "--to", "x.db", "-p", "one", "--as", "bad"), ValueError, "bad"),
        (("--db", "weave.db", "--to", ":memory:"), UsageError, "name a file or a URL"),
    ],
)  # fmt: skip
def test_wrong_use(run, words, error, message):
    """It says what to do."""
    done = run(*words)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)
