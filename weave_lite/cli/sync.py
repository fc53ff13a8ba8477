"""The command ``sync``: projects moved to another trace server, or from one, by URL or file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_lite.cli.options import DbOption, JsonOption, find_place, talk
from weave_lite.core.errors import InvalidRequest, NotFoundError, UsageError
from weave_lite.trace_server.place import MEMORY

if TYPE_CHECKING:
    from weave_lite.sync.report import ProjectReport

__all__ = ["sync"]

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


def sync(
    to: _ToOption = None,
    from_: _FromOption = None,
    project: _ProjectsOption = None,
    as_: _AsOption = None,
    dry_run: _DryOption = False,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move projects to another trace server, or from one; run it again to move what is new."""
    from weave_lite.sync.run import sync_project  # noqa: PLC0415 - rarely needed

    if to is None and from_ is None:
        raise UsageError(
            "say --to URL|FILE, or --from URL|FILE to bring projects into the store here"
        )
    source_place, target_place = from_ or find_place(db), to or find_place(db)
    if _absolute(source_place) == _absolute(target_place) and as_ is None:
        raise UsageError("source and target are the same; name another --to, or another --as")
    source = _opened(source_place, is_source=True)
    is_new = not _is_url(target_place) and not Path(target_place).expanduser().exists()
    target = _opened(MEMORY if dry_run and is_new else target_place, is_source=False)
    try:
        projects = project or _all_projects(source)
        if as_ is not None and len(projects) != 1:
            raise UsageError("--as needs exactly one --project")
        reports: list[ProjectReport] = []
        for each in projects:
            goal = as_ or each
            journal = _journal_of(
                source, target, f"{each} from {source_place} to {goal} at {target_place}"
            )
            tell = _progress(each)
            report = sync_project(
                source, target, each, goal, journal=journal, is_dry=dry_run, tell=tell
            )
            reports.append(report)
            if as_json:
                typer.echo(json.dumps(report.as_dict()))
            else:
                _print(report, is_dry=dry_run)
    finally:
        source.close()
        target.close()
    if any(report.problems for report in reports):
        raise typer.Exit(1)


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _absolute(place: str) -> str:
    return place.rstrip("/") if _is_url(place) else str(Path(place).expanduser().resolve())


def _opened(place: str, *, is_source: bool) -> Any:
    if _is_url(place):
        from weave_lite.trace_server_bindings.remote_http_trace_server import (  # noqa: PLC0415
            RemoteHTTPTraceServer,
        )

        server = RemoteHTTPTraceServer(place)
        if os.environ.get("WANDB_API_KEY"):
            server.set_auth(("api", os.environ["WANDB_API_KEY"]))
        return server
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer  # noqa: PLC0415

    if place == MEMORY and not is_source:
        return SqliteTraceServer(MEMORY)
    path = Path(place).expanduser()
    if is_source and (place == MEMORY or not path.is_file()):
        raise NotFoundError(f"There is no store at {place}")
    if not is_source:
        path.parent.mkdir(parents=True, exist_ok=True)
    may_write = not path.exists() or os.access(path, os.W_OK)
    return SqliteTraceServer(path, read_only=is_source and not may_write)


def _all_projects(source: Any) -> list[str]:
    if not hasattr(source, "project_ids"):
        raise InvalidRequest("name the projects with --project: a server does not list them")
    projects: list[str] = source.project_ids()
    if not projects:
        raise NotFoundError(f"The store at {source.place} is empty")
    return projects


def _journal_of(source: Any, target: Any, route: str) -> Any:
    """Keep the journal in the store that can be written here; none, when there is no such."""
    for server in (source, target):
        if hasattr(server, "journal") and not server.is_read_only:
            return server.journal(route)
    return None


def _progress(project: str) -> Any:
    """Tell every hundredth message or so; a terminal gets them all, on one line."""
    import sys  # noqa: PLC0415 - beside its use

    if not sys.stderr.isatty():
        return str

    def tell(message: str) -> None:
        sys.stderr.write(f"\r\x1b[K{project}: {message}")
        sys.stderr.flush()

    return tell


def _print(report: ProjectReport, *, is_dry: bool) -> None:
    counts = report.as_dict()
    moved = ", ".join(
        f"{counts[name]:,} {name}"
        for name in ("objects", "ops", "tables", "rows", "files", "calls", "feedback", "costs")
        if counts[name]
    )
    where = (
        report.source if report.source == report.target else f"{report.source} -> {report.target}"
    )
    typer.echo(f"\r{where}: {'would move' if is_dry else 'moved'} {moved or 'nothing'}")
    if report.dangling:
        typer.echo(f"  {report.dangling} refs lead to what is not there any more")
    if not is_dry:
        typer.echo(f"  read back: {report.checked} right, {len(report.problems)} wrong")
    for problem in report.problems[:20]:
        talk(f"  {problem}")
