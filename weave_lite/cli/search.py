"""The command ``search``: calls whose inputs or output hold a text, with where it stands."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from weave_lite.cli.calls import (
    LimitOption,
    OpOption,
    RootsOption,
    SinceOption,
    calls_to_show,
    newest_calls,
)
from weave_lite.cli.options import (
    DbOption,
    JsonOption,
    ProjectOption,
    choose_project,
    open_store,
    screen,
    talk,
)
from weave_lite.core.errors import InvalidRequest

if TYPE_CHECKING:
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

__all__ = ["search"]

_SIDES: Final = ("inputs", "output")
# After so long a remedy is named.
_SLOW_S: Final = 1.0


def search(
    text: Annotated[str, typer.Argument(help="What to look for: any part of keys and values.")],
    db: DbOption = None,
    project: ProjectOption = None,
    op: OpOption = None,
    trace_roots: RootsOption = False,
    since: SinceOption = None,
    limit: LimitOption = 20,
    case: Annotated[bool, typer.Option("--case", help="Tell capitals from small letters.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the newest calls whose inputs or output hold TEXT."""
    if not text:
        raise InvalidRequest("TEXT is empty; weave-lite calls lists all calls")
    with open_store(db) as server:
        project_id = choose_project(server, project)
        began = time.monotonic()
        condition = _holds(text, ignore_case=not case)
        found = newest_calls(
            server, project_id, op, since, limit, trace_roots=trace_roots, condition=condition
        )
        rows = calls_to_show(found, f"no call holds {text!r}", as_json=as_json)
        if not as_json and time.monotonic() - began > _SLOW_S:
            _name_remedy(server)
        if rows:
            from weave_lite.display.search_hits import hits_text  # noqa: PLC0415 - loads rich

            hits = hits_text(rows, text, ignore_case=not case)
            screen().print(hits, no_wrap=True, overflow="ellipsis")


def _holds(text: str, *, ignore_case: bool) -> dict[str, Any]:
    """Write the condition; in a stored object a text is written as JSON writes it."""
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    return {
        "$or": [
            {
                "$contains": {
                    "input": {"$getField": side},
                    "substr": {"$literal": part},
                    "case_insensitive": ignore_case,
                }
            }
            for side in _SIDES
            for part in dict.fromkeys((text, written))
        ]
    }


def _name_remedy(server: SqliteTraceServer) -> None:
    have = {index.path for index in server.index_list()}
    missing = [f"weave-lite index add {side}" for side in _SIDES if side not in have]
    if missing:
        talk(f"to make searches fast: {' && '.join(missing)}")
