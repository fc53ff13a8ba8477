"""What several commands share: the store, the project, times, and output as lines of JSON."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeGuard

import typer
from rich.console import Console

from weave_lite.core import clock
from weave_lite.core.errors import InvalidRequest, NotFoundError, NotSupportedError
from weave_lite.trace_server.interface.model_json import model_json
from weave_lite.trace_server.place import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
    from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

    AnyServer = SqliteTraceServer | RemoteHTTPTraceServer

__all__ = [
    "DbOption",
    "JsonOption",
    "ProjectOption",
    "ServerOption",
    "choose_project",
    "find_place",
    "open_server",
    "open_store",
    "parse_since",
    "print_json_lines",
    "screen",
    "talk",
]

DbOption = Annotated[
    str | None,
    typer.Option("--db", help="The store's file; by default the one that weave.init() finds here."),
]
ServerOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        help="The store's file, or a server's URL; by default what weave.init() finds here.",
    ),
]
ProjectOption = Annotated[
    str | None,
    typer.Option("--project", "-p", help="entity/project; by default the one used last."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Lines of JSON in place of a picture.")]

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])\Z")
_AGE_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def screen() -> Console:
    """The console for results: stdout, coloured when it is a terminal."""
    return Console(highlight=False)


def talk(message: str) -> None:
    """Say something beside the result, on stderr."""
    typer.echo(message, err=True)


def find_place(db: str | None) -> str:
    """Return the path of the store that the options name.

    Raises:
        NotSupportedError: The place is a URL.
    """
    place = resolve(db)
    if place.is_url:
        raise NotSupportedError(
            f"{place.text} is a URL, and this command works on a file: give it --db FILE"
        )
    return place.text


def open_store(db: str | None) -> SqliteTraceServer:
    """Open the store that the options name, for reading; somebody else's is only looked at.

    Raises:
        NotFoundError: There is no file.
    """
    from weave_lite.trace_server.sqlite_trace_server import (  # noqa: PLC0415 - loads SQLAlchemy
        SqliteTraceServer,
    )

    place = find_place(db)
    if not Path(place).is_file():
        raise NotFoundError(
            f"There is no store at {place}. Trace a program first, or run: weave-lite demo"
        )
    may_write = os.access(place, os.W_OK) and os.access(Path(place).parent, os.W_OK)
    return SqliteTraceServer(place, read_only=not may_write)


def open_server(db: str | None) -> AnyServer:
    """Open the store that the options name, for reading, or the server whose URL they are.

    Raises:
        NotFoundError: There is no file.
    """
    place = resolve(db)
    if not place.is_url:
        return open_store(db)
    from weave_lite.trace_server_bindings.remote_http_trace_server import (  # noqa: PLC0415 - needs the extra `remote`
        RemoteHTTPTraceServer,
    )

    return RemoteHTTPTraceServer.at(place.text)


def choose_project(server: AnyServer, project: str | None) -> str:
    """Return the project that the options name, else the one that was used last.

    Raises:
        NotFoundError: The store has no such project, or none at all.
        InvalidRequest: A server behind a URL does not tell what projects it has.
    """
    if _has_projects(server):
        return _choose(server, project)
    if not project or "/" not in project:
        raise InvalidRequest("A server behind a URL needs --project entity/project")
    return project


def _has_projects(server: AnyServer) -> TypeGuard[SqliteTraceServer]:
    # Asked without a class, so that a file needs no package for HTTP.
    return hasattr(server, "project_ids")


def _choose(server: SqliteTraceServer, project: str | None) -> str:
    projects = server.project_ids()
    if project is None:
        if not projects:
            raise NotFoundError(
                f"The store at {server.place} is empty. Trace a program first, or run: weave-lite demo"
            )
        if len(projects) > 1:
            talk(f"{projects[0]} (others: --project {' | '.join(projects[1:6])})")
        return projects[0]
    matches = [known for known in projects if project in {known, known.partition("/")[2]}]
    if not matches:
        raise NotFoundError(
            f"project {project!r} is not in {server.place}; known: {', '.join(projects) or 'none'}"
        )
    return matches[0]


def parse_since(text: str) -> float:
    """Turn an age (``30m``, ``2d``) or an ISO date into seconds since the epoch.

    Raises:
        InvalidRequest: It is neither.
    """
    if match := _AGE.match(text.strip()):
        age = float(match.group(1)) * _AGE_SECONDS[match.group(2)]
        return clock.now_micros() / 1_000_000 - age
    try:
        # A date without a zone is the user's own.
        return dt.datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"--since {text!r} is neither an age such as 30m, 12h or 2d nor a date such as 2026-03-01"
        ) from None


def print_json_lines(models: Iterator[BaseModel]) -> None:
    """Write models to stdout, a line of JSON each, while they come."""
    for model in models:
        typer.echo(model_json(model))
