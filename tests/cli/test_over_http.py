"""The commands that read calls, told the URL of a server in place of a file."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture(scope="module")
def url(tmp_path_factory, served):
    """The address of a store with one call in it."""
    file = tmp_path_factory.mktemp("over-http") / "weave.db"

    @weave.op
    def double(n):
        return 2 * n

    weave.init("acme/app", db=file)
    double(21)
    weave.finish()
    with SqliteTraceServer(file) as server, served.serving(server):
        yield served.url


def run(*words):
    """A command's exit status, and what it says; the program's door prints what is raised."""
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output + str(found.exception or "")


def test_calls_of_a_server(url):
    """The calls of a project are listed as those of a file are."""
    status, said = run("calls", "--db", url, "-p", "acme/app", "--json")
    call = json.loads(said)
    assert (status, call["inputs"], call["output"]) == (0, {"n": 21}, 42)


@pytest.mark.parametrize("command", ["show", "tree"])
def test_one_call_of_a_server(url, command):
    """A call is found by the end of its id."""
    call = json.loads(run("calls", "--db", url, "-p", "acme/app", "--json")[1])
    status, said = run(command, call["id"][-12:], "--db", url, "-p", "acme/app")
    assert status == 0
    assert "double" in said


@pytest.mark.parametrize("project", [(), ("-p", "app")])
def test_project_has_to_be_named(url, project):
    """A server does not tell its projects, so that none can be chosen for the user."""
    status, said = run("calls", "--db", url, *project)
    assert status != 0
    assert "--project entity/project" in said


def test_command_for_files_refuses_a_server(url):
    """What works on the file itself says that it needs one."""
    status, said = run("doctor", "--db", url)
    assert status != 0
    assert "--db FILE" in said
