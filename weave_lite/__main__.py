"""``weave-lite`` and ``python -m weave_lite``: finds the command, and loads only what that one needs."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["run"]:
        # The user's program is to see neither the command line's modules nor its error handling.
        from weave_lite.cli.run import run_program  # noqa: PLC0415 - see above

        run_program(sys.argv[2:])
        return
    from weave_lite.cli.main import main as run_command  # noqa: PLC0415

    run_command()


if __name__ == "__main__":
    main()
