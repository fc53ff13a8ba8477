"""The commands ``index add``, ``index list`` and ``index drop``: what makes queries fast."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from weave_lite.cli.options import DbOption, JsonOption, open_store, talk

__all__ = ["app"]

app = typer.Typer(
    name="index",
    help="Make queries faster: indexes on JSON paths of calls, and for text search.",
    no_args_is_help=True,
)

PathArgument = Annotated[
    str,
    typer.Argument(
        help="A path such as inputs.model or summary.usage.gpt-4o.total_tokens; inputs or output "
        "alone for text search."
    ),
]
# So many documents are read between two lines of progress.
_STEP = 20_000


@app.command()
def add(path: PathArgument, db: DbOption = None) -> None:
    """Make an index on PATH; it is kept up from then on."""
    last = None

    def progress(pending: int) -> None:
        nonlocal last
        step = pending // _STEP
        if last is not None and step < last:
            talk(f"{pending:,} documents to read")
        last = step

    with open_store(db) as server:
        index = server.index_add(path, progress)
    talk(f"{index.path}: {_KINDS[index.kind]}")


@app.command(name="list")
def list_(db: DbOption = None, as_json: JsonOption = False) -> None:
    """List the indexes."""
    with open_store(db) as server:
        indexes = server.index_list()
    for index in indexes:
        if as_json:
            typer.echo(json.dumps(index._asdict()))
        else:
            waiting = f", {index.pending:,} documents not yet read" if index.pending else ""
            typer.echo(f"{index.path}  {_KINDS[index.kind]}{waiting}")
    if not indexes:
        talk("(no index yet)")


@app.command()
def drop(path: PathArgument, db: DbOption = None) -> None:
    """Drop the index on PATH; queries answer the same without it."""
    with open_store(db) as server:
        server.index_drop(path)
    talk(f"{path}: dropped")


_KINDS = {"path": "index on a path", "text": "index for text search"}
