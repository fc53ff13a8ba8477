"""Commands about the store itself: ``path`` and ``status``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from weave_lite.cli.options import DbOption, JsonOption, find_place, open_store, screen, talk

__all__ = ["path", "status"]


def path(db: DbOption = None) -> None:
    """Print where the store is, or would be."""
    place = find_place(db)
    typer.echo(place)
    if not Path(place).is_file():
        talk("(no file yet)")


def status(db: DbOption = None, as_json: JsonOption = False) -> None:
    """Show the size of the store and what each project holds."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    with open_store(db) as server:
        facts: dict[str, Any] = {
            "path": server.place,
            "size_bytes": _size_bytes(Path(server.place)),
            "projects": {},
        }
        for project_id in server.project_ids():
            count = tsi.CallsQueryStatsReq(project_id=project_id)
            roots = count.model_copy(update={"filter": tsi.CallsFilter(trace_roots_only=True)})
            latest = tsi.ObjectVersionFilter(latest_only=True)
            objects = server.objs_query(
                tsi.ObjQueryReq(project_id=project_id, filter=latest, metadata_only=True)
            ).objs
            facts["projects"][project_id] = {
                "calls": server.calls_query_stats(count).count,
                "traces": server.calls_query_stats(roots).count,
                "ops": sum(obj.kind == "op" for obj in objects),
                "objects": sum(obj.kind == "object" for obj in objects),
            }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("project")
    for name in ("calls", "traces", "ops", "objects"):
        table.add_column(name, justify="right")
    for project_id, counts in facts["projects"].items():
        table.add_row(Text(project_id), *(f"{count:,}" for count in counts.values()))
    console = screen()
    console.print(Text(f"{facts['path']}  {facts['size_bytes'] / 1e6:,.1f} MB\n"), soft_wrap=True)
    console.print(table)


def _size_bytes(file: Path) -> int:
    """The file with what its write-ahead log holds."""
    files = [file, file.with_name(file.name + "-wal")]
    return sum(part.stat().st_size for part in files if part.exists())
