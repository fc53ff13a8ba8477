"""Evaluations as tables. Pure: values in, ``rich`` tables out; nothing stored is read as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from weave_lite.display.calls_table import ID_TAIL
from weave_lite.display.eval_compare import score_leaves
from weave_lite.display.text_cells import (
    latency_text,
    name_text,
    plain,
    preview,
    status_text,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weave_lite.display.eval_compare import EvalRow, RowChange
    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["changes_table", "evals_table", "measures", "rows_table", "summary_table", "title_text"]

_COLOURS = {"regression": "red", "improvement": "green"}


def measures(output: Any, path: str = "") -> dict[str, float]:
    """Give the numbers of a summary by dotted path, without the latency."""
    if not isinstance(output, dict):
        return {}
    return {
        at: value
        for at, value in score_leaves(output, path).items()
        if not at.startswith("model_latency")
    }


def title_text(call: CallSchema, name: str) -> Text:
    """Give the name of an evaluation and, where it is another one, that of its call."""
    own = name_text(call)
    if not name or name == own.plain:
        return own
    return plain(name).append(" ").append_text(own)


def evals_table(
    calls: Iterable[CallSchema],
    names: dict[str, str],
    models: dict[str, str],
    counts: dict[str, int],
) -> Table:
    """Lay evaluations out, a line each.

    Args:
        calls: Evaluate calls.
        names: The name of each evaluation, by id of the call.
        models: The name of each model, by id of the call.
        counts: How many rows each has, by id.
    """
    table = _table()
    for name, options in (
        ("", {}),
        ("evaluation", {"max_width": 40}),
        ("model", {"max_width": 32}),
        ("started", {"style": "dim"}),
        ("took", {"justify": "right"}),
        ("rows", {"justify": "right"}),
        ("summary", {"ratio": 1, "overflow": "ellipsis"}),
        ("id", {"style": "dim"}),
    ):
        # On a narrow terminal these shrink, so that ids and numbers stay whole.
        is_wide = name in {"evaluation", "model"}
        table.add_column(name, no_wrap=not is_wide, **options)
    for call in calls:
        summary = "  ".join(f"{at} {value:.3g}" for at, value in measures(call.output).items())
        table.add_row(
            status_text(call),
            _on_one_line(title_text(call, names.get(call.id, ""))),
            plain(models.get(call.id, "")),
            time_text(call.started_at),
            latency_text(call),
            Text(str(counts.get(call.id, 0))),
            plain(summary),
            preview(call.id[-ID_TAIL:]),
        )
    return table


def _on_one_line(text: Text) -> Text:
    """Cut a text where it does not fit; a column that must not wrap would not shrink."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def summary_table(output: Any) -> Table:
    """Lay the numbers of a summary out."""
    table = _table()
    table.add_column("measure")
    table.add_column("value", justify="right")
    for at, value in measures(output).items():
        table.add_row(plain(at), Text(f"{value:.4g}"))
    return table


def rows_table(rows: Sequence[EvalRow]) -> Table:
    """Lay the rows of an evaluation out, a line each, a column per score."""
    leaves = [score_leaves(row.scores) for row in rows]
    paths = list(dict.fromkeys(path for each in leaves for path in each))
    table = _table()
    table.add_column("", no_wrap=True)
    table.add_column("example", no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column("output", no_wrap=True, overflow="ellipsis", ratio=2)
    for path in paths:
        table.add_column(plain(path), no_wrap=True, justify="right")
    table.add_column("took", no_wrap=True, justify="right", style="dim")
    for row, scores in zip(rows, leaves, strict=True):
        mark = Text("✗", style="red") if row.is_failed else Text("✓", style="green")
        took = "" if row.latency_s is None else f"{row.latency_s * 1000:.0f} ms"
        cells = [_number(scores.get(path)) for path in paths]
        table.add_row(mark, preview(row.example), preview(row.output), *cells, Text(took))
    return table


def changes_table(changes: Sequence[RowChange]) -> Table:
    """Lay the differences of two evaluations out, in the order given."""
    table = _table()
    for name in ("change", "example", "A", "B", "scores"):
        is_narrow = name == "change"
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=None if is_narrow else 1)
    for change in changes:
        row = change.after or change.before
        assert row is not None
        scores = "  ".join(
            f"{path} {_number(old).plain}→{_number(new).plain}"
            for path, (old, new) in change.scores.items()
        )
        table.add_row(
            Text(change.kind, style=_COLOURS.get(change.kind, "dim")),
            preview(row.example),
            _said(change.before),
            _said(change.after),
            plain(scores),
        )
    return table


def _table() -> Table:
    return Table(box=None, header_style="bold", pad_edge=False, expand=True)


def _said(row: EvalRow | None) -> Text:
    if row is None:
        return Text("")
    return Text("failed", style="red") if row.is_failed else preview(row.output)


def _number(value: float | None) -> Text:
    return Text("-", style="dim") if value is None else Text(f"{value:.4g}")
