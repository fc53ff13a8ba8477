"""What an evaluation shows when it ends, as the setting ``display_viewer`` says."""

from __future__ import annotations

import asyncio

import pytest

from weave_lite.flow.eval import Evaluation
from weave_lite.flow.eval_report import Meter, show_summary
from weave_lite.testing import memory_client
from weave_lite.trace import settings
from weave_lite.trace.op import op
from weave_lite.trace.settings import Settings

SUMMARY = {"exact": {"true_count": 2, "true_fraction": 0.5}}


@pytest.fixture
def shown(capsys):
    """Show a summary with a viewer; gives what is read on stderr."""

    def shown(viewer):
        settings.use(Settings(display_viewer=viewer))
        show_summary(SUMMARY)
        out, err = capsys.readouterr()
        assert out == ""
        return err

    yield shown
    settings.use(None)


def test_viewers_without_a_terminal(shown):
    """Nothing, a table, or plain lines."""
    assert shown("auto") == ""
    table = shown("rich")
    assert "measure" in table
    assert "exact.true_count" in table
    assert shown("print") == "exact.true_count: 2\nexact.true_fraction: 0.5\n"


def test_viewers_on_a_terminal(shown, monkeypatch):
    """Plain lines have no bar before them."""
    monkeypatch.setattr("weave_lite.flow.eval_report.is_terminal", lambda: True)
    assert "measure" in shown("auto")
    assert Meter(1, None, None)._bar is not None
    assert shown("print") == "exact.true_count: 2\nexact.true_fraction: 0.5\n"
    assert Meter(1, None, None)._bar is None


def test_a_progress_callback_that_fails_ends_nothing(caplog):
    """It is asked again for each row, and its failure is told once."""
    asked = []

    def fail(progress):
        asked.append(progress.done)
        raise RuntimeError(f"no screen {progress.done}")

    evaluation = Evaluation(dataset=[{"n": n} for n in range(3)])
    with memory_client():
        summary = asyncio.run(evaluation.evaluate(double, progress=fail))
    assert summary["output"] == {"mean": 2.0}
    assert asked == [1, 2, 3]
    told = [record.getMessage() for record in caplog.records]
    assert told == ["the progress callback failed: RuntimeError('no screen 1')"]


@op
def double(n):
    return 2 * n
