"""The command ``weave-lite``: puts the commands together and turns errors into messages.

Results go to stdout, talk to stderr. Exit status: 0 done, 1 could not be done, 2 wrong usage.
"""

from __future__ import annotations

import io
import sys

import typer

from weave_lite.cli import calls, demo, evals, index, maintenance, search, serve, store, sync
from weave_lite.cli.run import run_program
from weave_lite.core.errors import WeaveLiteError

__all__ = ["app", "main"]

app = typer.Typer(
    name="weave-lite",
    help="Look into the traces that weave_lite keeps in one SQLite file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(demo.demo, store.path, store.status, calls.calls, search.search, calls.show, calls.tree),
    *(maintenance.doctor, maintenance.backup, maintenance.prune, maintenance.salvage),
    *(serve.serve, sync.sync),
):
    app.command()(command)
app.add_typer(evals.app)
app.add_typer(index.app)


@app.command(
    add_help_option=False,
    context_settings={
        "allow_extra_args": True,
        "allow_interspersed_args": False,
        "ignore_unknown_options": True,
    },
)
def run(
    context: typer.Context,
    force: bool = typer.Option(False, "--force", help="Also where the official package is."),
) -> None:
    """Run SCRIPT, or -m MODULE, with its arguments; `import weave` in it gives weave_lite."""
    run_program([*(["--force"] if force else []), *context.args])


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without UTF-8 shows "?" for what it does not know.
            stream.reconfigure(errors="replace")
    try:
        app()
    except WeaveLiteError as error:
        typer.echo(f"weave-lite: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of the output has gone (`weave-lite calls | head`); that is no failure.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        typer.echo(f"weave-lite: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
