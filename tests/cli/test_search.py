"""The command that searches calls for a text."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest


@pytest.fixture(params=[False, True], ids=["scan", "index"])
def run(request, tmp_path, monkeypatch):
    """Run the command on a store with four traces, with and without indexes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")
    monkeypatch.setenv("COLUMNS", "80")
    weave.init("demo", db="weave.db")

    @weave.op
    def answer(question, context=None):
        return f"About {question.split()[0]}: nothing."

    @weave.op
    def wrap(text):
        return {"said": text}

    answer("Kiwis eat what?")
    answer("long", {"docs": ["x" * 500, "y" * 500 + " needle in hay " + "z" * 500]})
    wrap('He said "stop"\nand went to the Größe')
    wrap("東京都に行く")
    weave.finish()
    if request.param:
        for side in ("inputs", "output"):
            assert (
                CliRunner().invoke(app, ["index", "add", side, "--db", "weave.db"]).exit_code == 0
            )
    return lambda *words: CliRunner().invoke(app, ["search", *words, "--db", "weave.db"])


def found(done):
    return [line for line in done.stdout.splitlines() if line.startswith("  ")]


def test_shows_the_place(run):
    """A hit is a line on the call and one on the place, with the text around it."""
    call, place = run("NEEDLE").stdout.splitlines()
    assert call.startswith("✓ answer  20")
    assert place.startswith(f"  inputs.context.docs.1: …{'y' * 23} needle in hay zzz")
    assert len(place) == 80


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("kiwis", ["  inputs.question: Kiwis eat what?"]),
        ("kıwis", []),
        ("about kiwi", ["  output: About Kiwis: nothing."]),
        ('said "STOP"', ['  inputs.text: He said "stop" and went to the Größe']),
        ('"stop"\nand', ['  inputs.text: He said "stop" and went to the Größe']),
        ("GRÖSSE", []),
        ("GRÖß", ['  inputs.text: … "stop" and went to the Größe']),
        ("京都", ["  inputs.text: 東京都に行く"]),
        ("said", ["  output.said: said", '  inputs.text: He said "stop" and went to the Größe']),
        ('docs":["xxx', None),
        ("* OR", []),
    ],
)
def test_finds(run, text, places):
    """Texts are found whatever their case, quotes and lines; so are keys and what lies across."""
    lines = found(run(text))
    if places is None:
        assert len(lines) == 1
        assert lines[0].startswith("  inputs: ")
    else:
        assert lines == places


def test_case(run):
    """``--case`` tells capitals from small letters."""
    assert found(run("kiwis", "--case")) == []
    assert len(found(run("Kiwis", "--case"))) == 1


def test_json_and_options(run):
    """``--json`` gives whole calls, and the options of ``calls`` hold here as well."""
    (line,) = run("stop", "--json").stdout.splitlines()
    assert json.loads(line)["inputs"]["text"].startswith('He said "stop"')
    assert len(run("o", "--limit", "2", "--json").stdout.splitlines()) == 2
    assert run("stop", "--op", "answer").stdout == ""
    assert run("stop", "--since", "2999-01-01").stderr.strip() == "no call holds 'stop'"


def test_empty_text(run):
    """Nothing to look for is refused."""
    assert isinstance(run("").exception, InvalidRequest)
