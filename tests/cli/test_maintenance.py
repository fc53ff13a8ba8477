"""The commands that care for the file."""

from __future__ import annotations

import gc
import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest, NotFoundError, UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a store of three traces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")
    weave.init("demo", db="weave.db")

    @weave.op
    def double(x):
        return 2 * x

    for n in range(3):
        double(n)
    weave.finish()
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [*words, "--db", "weave.db"])


def test_doctor(folder):
    """A good store is fine, also as JSON."""
    assert "fine" in run("doctor", "--deep").stdout
    facts = json.loads(run("doctor", "--json").stdout)
    assert facts["is_fine"] is True


def test_doctor_finds_a_problem(folder):
    """Exit status 1, and what it is."""
    raw = sqlite3.connect("weave.db")
    raw.execute("DELETE FROM calls WHERE pk = 1")
    raw.commit()
    raw.close()
    done = run("doctor")
    assert done.exit_code == 1
    assert "problem: " in done.stdout


def test_backup(folder):
    """The copy is made, and not made twice."""
    assert run("backup", "copy.db").exit_code == 0
    assert (folder / "copy.db").stat().st_size > 0
    assert run("backup", "copy.db").exit_code == 1
    assert run("backup", "copy.db", "--force").exit_code == 0


def test_prune(folder):
    """A dry run tells, the real one deletes."""
    assert "would delete 3 traces (3 calls)" in run("prune", "--keep-days", "0", "--dry-run").stdout
    assert "deleted 3 traces (3 calls)" in run("prune", "--keep-days", "0").stdout
    assert "deleted 0 traces" in run("prune", "--max-size", "1KB").stdout


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (["prune", "--max-size", "big"], InvalidRequest, "is not a size such as 500MB"),
        (["prune"], Exception, "--keep-days, --max-size"),
    ],
)
def test_wrong_use(folder, words, kind, text):
    """It names the option."""
    error = run(*words).exception
    assert isinstance(error, kind)
    assert text in str(error)


def test_no_store(tmp_path, monkeypatch):
    """Nothing is made where there is nothing."""
    monkeypatch.chdir(tmp_path)
    for words in (["doctor"], ["backup", "copy.db"], ["prune", "--keep-days", "1"]):
        error = run(*words).exception
        assert isinstance(error, NotFoundError)
        assert "There is no store at" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_salvage(folder):
    """What is read is told per table; exit status 1 when rows are lost."""
    # The store was left open by this very process; what closes it late would write it.
    gc.collect()
    run_alone = CliRunner().invoke
    done = run_alone(app, ["salvage", "weave.db", "new.db"])
    assert done.exit_code == 0
    assert "calls: 3 rows" in done.stdout
    assert "all rows are there" in done.stdout
    with closing(sqlite3.connect("weave.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        ((page,),) = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'call_inputs'")
    content = bytearray((folder / "weave.db").read_bytes())
    content[(page - 1) * 8192 : page * 8192] = bytes(8192)
    (folder / "weave.db").write_bytes(content)
    done = run_alone(app, ["salvage", "weave.db", "newer.db", "--json"])
    facts = json.loads(done.stdout)
    lost = {table["name"]: table["lost"] for table in facts["tables"] if table["lost"]}
    assert (done.exit_code, facts["is_complete"], lost) == (1, False, {"call_inputs": 3})
    assert isinstance(run_alone(app, ["salvage", "weave.db", "new.db"]).exception, UsageError)
