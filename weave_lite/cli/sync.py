"""The command ``sync``: projects moved to another trace server, or from one, by URL or file."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from weave_lite.cli.options import DbOption, JsonOption, choose_project, talk
from weave_lite.core.errors import (
    InvalidRequest,
    NotFoundError,
    SchemaVersionError,
    StoreError,
    UsageError,
)
from weave_lite.sync.journal import MemoryJournal
from weave_lite.trace_server.place import MEMORY, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.sync.report import ProjectReport

__all__ = ["sync"]

_COUNTED = (
    *("objects", "ops", "tables", "rows", "files", "calls", "feedback", "costs"),
    *("renamed", "taken_back"),
)
_MOST_TOLD = 20
# Between two lines of progress.
_PAUSE_S = 0.1

_ToOption = Annotated[
    str | None,
    typer.Option("--to", help="Where to: the URL of a trace server, or the file of a store."),
]
_FromOption = Annotated[
    str | None,
    typer.Option("--from", help="Where from: a URL or a file; by default the store here."),
]
_ProjectsOption = Annotated[
    list[str] | None,
    typer.Option("--project", "-p", help="entity/project; may be repeated; by default all."),
]
_AsOption = Annotated[
    str | None, typer.Option("--as", help="entity/project that the one project gets there.")
]
_DryOption = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be moved.")]
_AfreshOption = Annotated[
    bool, typer.Option("--afresh", help="Forget what earlier runs moved, and send all again.")
]
_CheckOption = Annotated[
    bool, typer.Option("--check-all", help="Read back all that was moved, not a sample.")
]


def sync(
    to: _ToOption = None,
    from_: _FromOption = None,
    project: _ProjectsOption = None,
    as_: _AsOption = None,
    dry_run: _DryOption = False,
    afresh: _AfreshOption = False,
    check_all: _CheckOption = False,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move projects to another trace server, or from one; run it again to move what is new.

    What was moved is noted in the file that is written, else in the one that is read; between two
    URLs all is sent again. Calls and objects that are deleted later stay in the target; feedback
    and prices are taken back there, too. The key for a URL is WANDB_API_KEY, else that
    of the netrc file. Exit status 1: something was refused, or reading back found a fault.
    """
    if to is None and from_ is None:
        raise UsageError(
            "say --to URL|FILE, or --from URL|FILE to bring projects into the store here"
        )
    source_place, target_place = _absolute(from_, db), _absolute(to, db)
    if source_place == target_place and as_ is None:
        raise UsageError("source and target are the same; name another --to, or another --as")
    is_right = True
    with _opened(source_place, target_place, is_dry=dry_run) as (source, target):
        projects = _projects(source, project)
        if as_ is not None and len(projects) != 1:
            raise UsageError("--as needs exactly one --project")
        for each in projects:
            goal = as_ or each
            journal = _journal(source, target, (each, source_place), (goal, target_place))
            if afresh and journal is not None:
                journal = MemoryJournal() if dry_run else journal
                journal.forget()
            options = {"journal": journal, "is_dry": dry_run, "is_check_whole": check_all}
            report = _move(source, target, each, goal, options)
            is_right = is_right and not report.problems
            if as_json:
                typer.echo(json.dumps(report.as_dict()))
            else:
                _print(report, is_dry=dry_run)
    if not is_right:
        raise typer.Exit(1)


def _move(
    source: Any, target: Any, project: str, goal: str, options: dict[str, Any]
) -> ProjectReport:
    from weave_lite.sync.run import sync_project  # noqa: PLC0415 - rarely needed

    progress = _Progress(project)
    try:
        return sync_project(source, target, project, goal, tell=progress, **options)
    except (StoreError, KeyboardInterrupt):
        progress.clear()
        talk(f"{project}: broken off; run the same command again to go on")
        raise
    finally:
        progress.clear()


@contextmanager
def _opened(source_place: str, target_place: str, *, is_dry: bool) -> Iterator[tuple[Any, Any]]:
    """Open both ends, and close them."""
    is_noted_there = _is_url(target_place)
    with (
        closing(_source(source_place, is_written=is_noted_there, is_dry=is_dry)) as source,
        closing(_target(target_place, is_dry=is_dry)) as target,
    ):
        yield source, target


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _absolute(place: str | None, db: str | None) -> str:
    """Give the URL, or the whole path of a file; by default that of the store here."""
    place = resolve(db).text if place is None else place
    if _is_url(place):
        return place.removesuffix("/") if urlsplit(place).hostname else place
    if place == MEMORY:
        raise UsageError("name a file or a URL; a store in memory is of one process alone")
    return str(Path(place).expanduser().resolve())


def _source(place: str, *, is_written: bool, is_dry: bool) -> Any:
    """Open where projects come from: only for reading, unless the journal is kept there."""
    if _is_url(place):
        return _remote(place)
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer  # noqa: PLC0415

    if not Path(place).is_file():
        raise NotFoundError(f"There is no store at {place}")
    may_write = os.access(place, os.W_OK) and os.access(Path(place).parent, os.W_OK)
    may_write = may_write and not is_dry
    if is_written and may_write:
        return SqliteTraceServer(place)
    try:
        return SqliteTraceServer(place, read_only=True)
    except SchemaVersionError:
        if not may_write:
            raise
        # One of an earlier release is upgraded when it is opened for writing.
        return SqliteTraceServer(place)


def _target(place: str, *, is_dry: bool) -> Any:
    """Open where projects go; for a dry run a file is only read, or stood in for."""
    if _is_url(place):
        return _remote(place)
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer  # noqa: PLC0415

    path = Path(place)
    if is_dry:
        return SqliteTraceServer(place, read_only=True) if path.exists() else SqliteTraceServer()
    path.parent.mkdir(parents=True, exist_ok=True)
    return SqliteTraceServer(place)


def _remote(place: str) -> Any:
    from weave_lite.trace_server_bindings.remote_http_trace_server import (  # noqa: PLC0415
        RemoteHTTPTraceServer,
    )

    return RemoteHTTPTraceServer.at(place)


def _projects(source: Any, named: list[str] | None) -> list[str]:
    """Find the projects to move; those of a file by their names alone, too."""
    if not hasattr(source, "project_ids"):
        if not named:
            raise InvalidRequest("name the projects with --project: a server does not list them")
        return named
    if named:
        return list(dict.fromkeys(choose_project(source, each) for each in named))
    projects: list[str] = source.project_ids()
    if not projects:
        raise NotFoundError(f"The store at {source.place} is empty")
    return projects


def _journal(source: Any, target: Any, start: tuple[str, str], goal: tuple[str, str]) -> Any:
    """Find the journal: beside what was written, else beside what was read; None, for two URLs.

    Its name does not say where its own file is, which may be moved.
    """
    if hasattr(target, "journal"):
        return target.journal(f"{start[0]} of {start[1]} to {goal[0]}")
    if hasattr(source, "journal") and not source.is_read_only:
        return source.journal(f"{start[0]} to {goal[0]} at {goal[1]}")
    return None


class _Progress:
    """Tells on a terminal, in one line, what is under way."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._is_terminal = sys.stderr.isatty()
        self._last = 0.0

    def __call__(self, message: str) -> None:
        if self._is_terminal and time.monotonic() > self._last + _PAUSE_S:
            self._last = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{self._project}: {message}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Make room for the report."""
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _print(report: ProjectReport, *, is_dry: bool) -> None:
    counts = report.as_dict()
    moved = ", ".join(
        f"{counts[name]:,} {name.replace('_', ' ')}" for name in _COUNTED if counts[name]
    )
    where = (
        report.source if report.source == report.target else f"{report.source} -> {report.target}"
    )
    typer.echo(f"{where}: {'would move' if is_dry else 'moved'} {moved or 'nothing'}")
    if report.dangling:
        typer.echo(f"  {report.dangling} refs lead to what is not there any more")
    if not is_dry:
        typer.echo(f"  read back: {report.checked} right, {len(report.problems)} wrong")
    for problem in report.problems[:_MOST_TOLD]:
        talk(f"  {problem}")
    if len(report.problems) > _MOST_TOLD:
        talk(f"  and {len(report.problems) - _MOST_TOLD} more; --json tells all")
