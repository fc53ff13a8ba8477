"""What an evaluation tells while it runs and when it ends. Silent where nobody looks."""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from weave_lite.flow.auto_summarize import auto_summarize
from weave_lite.flow.eval_rows import EvalProgress
from weave_lite.trace import settings
from weave_lite.trace.op import is_op

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from weave_lite.flow.eval_run import EvalRun
    from weave_lite.flow.scoring import PreparedScorer

    Progress: TypeAlias = Callable[[EvalProgress], object] | bool | None

__all__ = ["Meter", "show_summary", "summary_of", "summary_rows"]

logger = logging.getLogger("weave_lite")


class Meter:
    """Counts rows as they end, and shows it: a bar on a terminal, or a callback.

    Args:
        total: How many rows there are.
        progress: A callback, False for nothing, None or True for the bar.
        run: Knows how many failed.
    """

    def __init__(self, total: int, progress: Progress, run: EvalRun) -> None:
        self._total = total
        self._done = 0
        self._run = run
        self._lock = threading.Lock()
        self._tell = progress if callable(progress) else None
        self._has_failed = False
        self._bar: Any = None
        if self._tell is None and progress is not False and _has_bar():
            self._bar = _bar()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("Evaluating", total=self._total, failed="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def add(self, result: dict[str, Any]) -> None:
        """Take note of a row that ended, and have it written."""
        del result
        client = self._run.client
        if client is not None:
            client.recorder.write_soon()
        with self._lock:
            self._done += 1
            progress = EvalProgress(self._done, self._total, self._run.failed)
            if self._tell is not None:
                self._call_back(self._tell, progress)
            elif self._bar is not None:
                failed = f"{progress.failed} failed" if progress.failed else ""
                self._bar.update(self._task, completed=progress.done, failed=failed)

    def _call_back(self, tell: Callable[[EvalProgress], object], progress: EvalProgress) -> None:
        try:
            tell(progress)
        except Exception as error:
            # Who looks on does not end the evaluation.
            if not self._has_failed:
                self._has_failed = True
                logger.exception("the progress callback failed: %r", error)  # noqa: TRY401 - in one line


def is_terminal() -> bool:
    """Tell whether a person reads stderr."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # closed, or replaced by something less
        return False


def _has_bar() -> bool:
    return settings.current().display_viewer != "print" and is_terminal()


def _bar() -> Any:
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        console=Console(stderr=True),
        transient=True,
    )


async def summary_of(scorer: PreparedScorer, scores: list[Any], uris: list[str] | None) -> Any:
    """Sum up the scores of one scorer; None when it fails to.

    Args:
        scorer: The scorer.
        scores: Its scores; ``{}`` where there is none.
        uris: Where they are stored.
    """
    summarize = getattr(scorer.scorer, "summarize", None)
    if scorer.asked.op is scorer.scorer or not callable(summarize):
        return auto_summarize(scores)
    wishes = {"__weave": {"input_refs": {"score_rows": uris}}} if uris and is_op(summarize) else {}
    try:
        summary = summarize(scores, **wishes)
        return await summary if inspect.isawaitable(summary) else summary
    except Exception as error:
        # The summaries of the others, and all scores, are still worth having.
        logger.error("scorer %r failed to summarize: %r", scorer.name, error)  # noqa: TRY400 - the call has the trace
        return None


def show_summary(summary: dict[str, Any]) -> None:
    """Show a summary on stderr, as the setting ``display_viewer`` says.

    By default a table when that is a terminal; ``rich`` is a table in any case, ``print`` plain lines.
    """
    viewer = settings.current().display_viewer
    if viewer == "print":
        sys.stderr.writelines(f"{path}: {value}\n" for path, value in summary_rows(summary))
        return
    if viewer == "auto" and not is_terminal():
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("measure", "value", title="Evaluation")
    for path, value in summary_rows(summary):
        # Names are the user's: no markup of rich in them.
        table.add_row(Text(path), Text(value))
    Console(stderr=True).print(table)


def summary_rows(summary: Any, path: str = "") -> list[tuple[str, str]]:
    """Flatten a summary to dotted paths and short texts.

    Example:
        >>> summary_rows({"exact": {"true_count": 1, "true_fraction": 0.5}})
        [('exact.true_count', '1'), ('exact.true_fraction', '0.5')]
    """
    if isinstance(summary, dict) and summary:
        return [
            row
            for key, value in summary.items()
            for row in summary_rows(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(summary, float):
        return [(path, f"{summary:.4g}")]
    return [(path, "-" if summary is None else str(summary))]
