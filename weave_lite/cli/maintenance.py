"""Commands that care for the file: ``doctor``, ``backup``, ``prune`` and ``salvage``."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from weave_lite.cli.options import DbOption, JsonOption, find_place, talk
from weave_lite.core.errors import InvalidRequest, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.store.salvage import Salvaged

__all__ = ["backup", "doctor", "prune", "salvage"]

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?\Z", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def doctor(
    db: DbOption = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read all of it: every index and every digest.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look the store over for damage; exit status 1 when there is a problem."""
    from weave_lite.trace_server.store.doctor import examine  # noqa: PLC0415

    report = examine(_existing(db), deep=deep)
    if as_json:
        facts = dataclasses.asdict(report)
        typer.echo(json.dumps({**facts, "is_fine": report.is_fine}))
    else:
        for finding in report.findings:
            typer.echo(f"{'problem' if finding.is_problem else 'note'}: {finding.text}")
        typer.echo(f"{report.place}: {'fine' if report.is_fine else 'has problems'}")
    if not report.is_fine:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    db: DbOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace TARGET if it exists.")] = False,
) -> None:
    """Copy the store as it is now, while programs go on writing it."""
    from weave_lite.trace_server.store.backup import copy_to  # noqa: PLC0415

    size_bytes = copy_to(_existing(db), str(target.absolute()), force=force)
    talk(f"{target}: {size_bytes / 1e6:,.1f} MB")


def prune(
    db: DbOption = None,
    keep_days: Annotated[
        float | None, typer.Option(min=0, help="Delete traces that are older than so many days.")
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(help="Delete the oldest ended traces down to a size, such as 500MB or 2G."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
) -> None:
    """Delete old traces and give their room back; objects, tables and files stay."""
    from weave_lite.trace_server.store.engine import Store  # noqa: PLC0415
    from weave_lite.trace_server.store.prune import prune as prune_store  # noqa: PLC0415

    limit = None if max_size is None else _parse_size(max_size)
    store = Store.open(_existing(db))
    try:
        done = prune_store(store, keep_days=keep_days, max_size_bytes=limit, dry_run=dry_run)
    finally:
        store.close()
    typer.echo(
        f"{'would delete' if dry_run else 'deleted'} {done.traces:,} traces ({done.calls:,} calls): "
        f"{done.size_before_bytes / 1e6:,.1f} MB -> {'about ' if dry_run else ''}"
        f"{done.size_after_bytes / 1e6:,.1f} MB"
    )
    if done.traces and not dry_run:
        room = "the file is smaller now" if done.is_reclaimed else "new calls use the free room"
        talk(room)


def salvage(
    damaged: Annotated[Path, typer.Argument(help="The damaged store; it is only read.")],
    new: Annotated[Path, typer.Argument(help="The store to write; it must not exist.")],
    as_json: JsonOption = False,
) -> None:
    """Save what can be read of a damaged store into a new one; exit status 1 when rows are lost.

    End the programs that write the damaged store first.
    """
    from weave_lite.trace_server.store.salvage import salvage as salvage_store  # noqa: PLC0415

    done = salvage_store(
        str(damaged.absolute()),
        str(new.absolute()),
        progress=lambda table: talk(f"reading {table}"),
    )
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(done), "is_complete": done.is_complete}))
    else:
        for line in _lines(done):
            typer.echo(line)
        typer.echo(
            f"{new}: {'all rows are there' if done.is_complete else 'not all could be read'}"
        )
    if not done.is_complete:
        raise typer.Exit(1)


def _lines(done: Salvaged) -> Iterator[str]:
    for table in done.tables:
        if table.copied or table.rebuilt or table.lost:
            rebuilt = f", {table.rebuilt:,} rebuilt in part from indexes" if table.rebuilt else ""
            about = "about " if table.is_estimate else ""
            lost = f", {about}{table.lost:,} lost" if table.lost else ""
            yield f"{table.name}: {table.copied:,} rows{rebuilt}{lost}"
    yield from (f"index made anew: {path}" for path in done.indexes)
    yield from (f"note: {note}" for note in done.notes)
    yield from (f"problem: {problem}" for problem in done.problems)


def _existing(db: str | None) -> str:
    place = find_place(db)
    if not Path(place).is_file():
        raise NotFoundError(f"There is no store at {place}; check --db")
    return place


def _parse_size(text: str) -> int:
    match = _SIZE.match(text.strip())
    if match is None:
        raise InvalidRequest(f"--max-size {text!r} is not a size such as 500MB or 2G")
    return int(float(match.group(1)) * _UNITS[match.group(2).lower()])
