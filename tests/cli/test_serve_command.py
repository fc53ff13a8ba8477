"""The command that serves: what it refuses before it listens, and what it says once it does."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from weave_lite.cli.main import app
from weave_lite.serve import run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--db", "none/here/weave.db"], "make it first"),
        (["--db", "text.db"], "not a weave_lite store but some other file"),
        (["--host", "0.0.0.0"], "set --token"),
        (["--token", " "], "the token must not be empty"),
        (["--host", "nohost.invalid", "--token", "x"], "cannot listen at nohost.invalid"),
    ],
)
def test_refused(tmp_path, monkeypatch, words, told):
    """With the remedy, and never with the token."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.db").write_text("no store" * 100)
    result = CliRunner().invoke(app, ["serve", "--db", "weave.db", "--port", "0", *words])
    assert result.exit_code == 1
    assert told in str(result.exception)


@pytest.mark.parametrize(
    ("words", "url", "key"),
    [
        ([], "http://127.0.0.1:7", "x" * 40),
        (["--host", "[::1]", "--token", "secret"], "http://[::1]:7", "<token>"),
        (["--host", "::1"], "http://[::1]:7", "x" * 40),
    ],
)
def test_what_it_says_when_it_listens(tmp_path, monkeypatch, words, url, key):
    """Where, and how clients are pointed there; the token is not shown."""
    monkeypatch.chdir(tmp_path)
    asked = {}
    monkeypatch.setattr(
        run, "serve", lambda place, on_start, **options: (asked.update(options), on_start(7))
    )
    result = CliRunner().invoke(app, ["serve", "--db", "weave.db", *words])
    assert result.exit_code == 0
    serving, ours, official = result.stderr.splitlines()
    assert serving.endswith(f"weave.db at {url}")
    assert ours.endswith(f"weave.init('PROJECT', db='{url}')")
    assert f"WF_TRACE_SERVER_URL={url} WANDB_BASE_URL={url} WANDB_API_KEY={key} " in official
    assert "secret" not in result.stderr
    assert asked["token"] == ("secret" if "secret" in words else None)
