"""The command line, in a folder of its own: a process for each command once, else in this one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from weave_lite.cli.main import main


def run(
    folder: Path, *words: str, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``weave-lite`` in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEAVE")}
    done = subprocess.run(
        [sys.executable, "-m", "weave_lite.cli.main", *words],
        cwd=folder,
        env={**kept, "COLUMNS": "160", "TZ": "UTC", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


class Asked(NamedTuple):
    """What a command printed, and its exit status."""

    stdout: str
    stderr: str
    returncode: int


def ask(folder: Path, *words: str, check: bool = True) -> Asked:
    """Run ``weave-lite`` in this process, which is ten times as fast."""
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        for name in [name for name in os.environ if name.startswith("WEAVE")]:
            patch.delenv(name)
        patch.setenv("COLUMNS", "160")
        patch.setenv("TZ", "UTC")
        patch.setattr("sys.argv", ["weave-lite", *words])
        patch.chdir(folder)
        time.tzset()
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    time.tzset()
    if check:
        assert status == 0, stderr.getvalue()
    return Asked(stdout.getvalue(), stderr.getvalue(), status)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the demo ran, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, run(folder, "demo").stdout


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_demo_shows_tree_table_and_query(demo: tuple[Path, str]) -> None:
    """The demo answers its questions and prints all three views."""
    _, printed = demo
    assert "of 20 answers come from the topic that was expected" in printed
    assert "├── ✓ retrieve" in printed
    assert "└── ✓ pick" in printed
    assert "weave-lite calls --trace-roots" in printed
    assert "answers with output.score <" in printed


def test_demo_leaves_a_store_behind(demo: tuple[Path, str]) -> None:
    """What the demo traced is in the file: calls, traces, ops and objects."""
    folder, _ = demo
    facts = json.loads(run(folder, "status", "--json").stdout)
    (counts,) = facts["projects"].values()
    assert counts["traces"] == 21
    assert counts["calls"] >= 21 + 20 * 2
    assert counts["ops"] == 5
    assert counts["objects"] == 2
    assert facts["size_bytes"] > 100_000
    shown = run(folder, "status").stdout
    assert "local/demo" in shown
    assert facts["path"] in shown


def test_path_is_where_the_demo_wrote(demo: tuple[Path, str]) -> None:
    """``path`` prints the file, also from a folder below."""
    folder, _ = demo
    below = folder / "src" / "deep"
    below.mkdir(parents=True, exist_ok=True)
    expected = str(folder / ".weave" / "weave.db")
    assert ask(folder, "path").stdout.strip() == expected
    assert ask(below, "path").stdout.strip() == expected


def test_calls_lists_the_newest_first(demo: tuple[Path, str]) -> None:
    """``calls --json`` gives newest calls, as many as asked for."""
    folder, _ = demo
    calls = lines(ask(folder, "calls", "--json", "--limit", "7").stdout)
    started = [call["started_at"] for call in calls]
    assert len(calls) == 7
    assert started == sorted(started, reverse=True)


def test_calls_of_one_op(demo: tuple[Path, str]) -> None:
    """``--op`` finds all calls of the op by its name."""
    folder, _ = demo
    calls = lines(ask(folder, "calls", "--op", "answer", "--json", "--limit", "100").stdout)
    assert len(calls) == 20
    assert {call["summary"]["weave"]["trace_name"] for call in calls} == {"answer"}


def test_calls_of_one_version_of_an_op(demo: tuple[Path, str]) -> None:
    """``--op`` takes a URI too: one version, the newest one, or all without a version."""
    folder, _ = demo
    uri = "weave:///local/demo/op/answer"
    (newest,) = lines(ask(folder, "calls", "--op", "answer", "--json", "--limit", "1").stdout)
    for op in (uri, f"{uri}:*", f"{uri}:latest", f"{uri}:v0", newest["op_name"]):
        calls = lines(ask(folder, "calls", "--op", op, "--json", "--limit", "100").stdout)
        assert len(calls) == 20, op


def test_calls_roots_only(demo: tuple[Path, str]) -> None:
    """``--trace-roots`` leaves out every call that has a parent."""
    folder, _ = demo
    calls = lines(ask(folder, "calls", "--trace-roots", "--json", "--limit", "100").stdout)
    assert len(calls) == 21
    assert all(call["parent_id"] is None for call in calls)


def test_calls_since(demo: tuple[Path, str]) -> None:
    """``--since`` takes an age and a date."""
    folder, _ = demo
    assert len(lines(ask(folder, "calls", "--since", "1h", "--json", "--limit", "5").stdout)) == 5
    assert ask(folder, "calls", "--since", "2999-01-01", "--json").stdout == ""
    nothing = ask(folder, "calls", "--since", "2999-01-01")
    assert (nothing.stdout, nothing.stderr.strip()) == ("", "no calls")


def test_calls_table(demo: tuple[Path, str]) -> None:
    """Without ``--json`` calls are a table."""
    folder, _ = demo
    shown = ask(folder, "calls", "--trace-roots", "--limit", "3").stdout.splitlines()
    assert shown[0].split() == ["op", "started", "took", "inputs", "output", "id"]
    assert len(shown) == 4
    assert all("✓" in line for line in shown[1:])


def test_show_and_tree_by_the_end_of_an_id(demo: tuple[Path, str]) -> None:
    """An id may be given by its end, as the table prints it, or as a URI."""
    folder, _ = demo
    (call,) = lines(ask(folder, "calls", "--op", "answer", "--json", "--limit", "1").stdout)
    shown = ask(folder, "show", call["id"][-12:]).stdout
    assert call["id"] in shown
    assert call["inputs"]["question"] in shown
    uri = f"weave:///{call['project_id']}/call/{call['id']}"
    assert ask(folder, "show", uri).stdout == shown
    assert lines(ask(folder, "show", call["id"], "--json").stdout) == [call]
    tree = ask(folder, "tree", call["id"]).stdout.splitlines()
    assert "answer" in tree[0]
    assert [line.split()[2] for line in tree[1:]] == ["retrieve", "pick"]
    below = lines(ask(folder, "tree", call["id"], "--json").stdout)
    assert {one["trace_id"] for one in below} == {call["trace_id"]}
    leaf = ask(folder, "tree", below[1]["id"], "--json").stdout
    assert lines(leaf) == [below[1]]


def test_show_an_object(demo: tuple[Path, str]) -> None:
    """The value of an object is shown by its URI."""
    folder, _ = demo
    shown = ask(folder, "show", "weave:///local/demo/object/retrieval-settings:latest").stdout
    assert json.loads(shown)["passages"] == 4
    uri = "weave:///local/demo/object/retrieval-settings"
    assert ask(folder, "show", uri).stdout == shown
    (value,) = lines(ask(folder, "show", uri, "--json").stdout)
    assert value == json.loads(shown)
    assert ask(folder, "show", f"{uri}:v0/attr/passages").stdout == "4\n"


def test_show_a_table(demo: tuple[Path, str]) -> None:
    """The rows of a table are shown by its URI, a line each."""
    folder, _ = demo
    questions = ask(folder, "show", "weave:///local/demo/object/python-questions", "--json").stdout
    rows = lines(ask(folder, "show", json.loads(questions)["rows"]).stdout)
    assert len(rows) == 20
    assert rows[0] == {"question": "What does the assert statement do?", "topic": "assert"}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["show", "nothing-like-this"], 1, "no call 'nothing-like-this'"),
        (["calls", "--project", "other"], 1, "project 'other' is not in"),
        (["calls", "--since", "yesterday-ish"], 1, "neither an age such as 30m"),
        (["calls", "--limit", "0"], 2, "limit"),
        (["calls", "--op", ""], 1, "--op '' is no name"),
        (["calls", "--op", "weave:///bad"], 1, "write weave:///ENTITY/PROJECT/KIND/"),
        (["calls", "--op", "weave:///local/demo/object/x"], 1, "is not the URI of an op"),
        (["calls", "--op", "weave:///local/demo/op/answer:v9"], 1, "has no version 'v9'"),
        (["show", ""], 1, "ID is empty; weave-lite calls shows"),
        (["tree", ""], 1, "ID is empty; weave-lite calls shows"),
        (["show", "weave:///local/demo/table/abc"], 1, "table 'abc' does not exist"),
        (["no-such-command"], 2, "No such command"),
        (["calls", "--db", "missing.db"], 1, "There is no store at"),
        (["show", "weave:///local/demo/thing/x:y"], 1, "kind 'thing' is none of"),
        (["tree", "weave:///local/demo/object/x:y"], 1, "is not the URI of a call"),
        (["calls", "--since", "0001-01-01"], 1, "neither an age such as 30m"),
    ],
)
def test_wrong_use(demo: tuple[Path, str], words: list[str], status: int, message: str) -> None:
    """A mistake gives exit status 1 or 2 and one clear message on stderr, no trace back."""
    folder, _ = demo
    done = ask(folder, *words, check=False)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_terminal_without_utf8(demo: tuple[Path, str]) -> None:
    """What a narrow terminal that knows ASCII alone cannot show is a question mark in its place."""
    folder, _ = demo
    call_id = lines(run(folder, "calls", "--limit", "1", "--json").stdout)[0]["id"]
    for words in (["calls"], ["show", call_id], ["tree", call_id], ["status"]):
        done = run(folder, *words, PYTHONIOENCODING="ascii", COLUMNS="20")
        assert done.stdout.isascii()
        assert done.stderr == ""
    shown = run(folder, "tree", call_id, PYTHONIOENCODING="ascii").stdout
    assert shown.startswith("? ")


def test_output_that_cannot_be_written(demo: tuple[Path, str]) -> None:
    """A full disk behind the output is a message, not a traceback."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    folder, _ = demo
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "weave_lite.cli.main", "calls", "--json"],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("weave-lite: [Errno 28]")


def test_no_store_yet(tmp_path: Path) -> None:
    """Without a store the message says what to do, and nothing is made."""
    done = run(tmp_path, "calls", check=False)
    assert done.returncode == 1
    assert "weave-lite demo" in done.stderr
    assert "(no file yet)" in run(tmp_path, "path").stderr
    assert list(tmp_path.iterdir()) == []


# Typers of 2025 use names that newer releases of click call old.
@pytest.mark.filterwarnings("ignore:'click:DeprecationWarning")
def test_every_command_has_help() -> None:
    """Each command and option says what it is for."""
    from typer.core import TyperOption
    from typer.main import get_command

    from weave_lite.cli.main import app

    group = get_command(app)
    names = set(group.commands)
    assert names == {
        *("demo", "path", "status", "calls", "search", "show", "tree"),
        *("doctor", "backup", "prune", "salvage", "index", "evals", "run", "serve", "sync"),
    }
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    commands = dict(group.commands)
    for name in ("index", "evals"):
        below = commands.pop(name)
        assert below.help
        commands |= {f"{name} {each}": command for each, command in below.commands.items()}
    for name, command in commands.items():
        assert command.help, name
        assert f"weave-lite {name.split()[0]}" in readme, f"{name} is not in the README"
        options = [item for item in command.params if isinstance(item, TyperOption)]
        assert options, name
        for option in options:
            assert option.help, f"{name} {option.name}"
