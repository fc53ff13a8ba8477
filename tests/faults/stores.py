"""What a store holds, read by nothing of ours; and a program in a process of its own."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_lite.trace_server.store.doctor import examine

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["assert_sound", "calls_in", "content_of", "program_env", "run_program", "write_fixture"]

_CALLS = """
SELECT calls.id, op_names.op_name, calls.ended_at IS NOT NULL, calls.exception
  FROM calls LEFT JOIN op_names ON op_names.pk = calls.op ORDER BY calls.pk
"""


def content_of(place: Path | str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as SQLite itself reads them."""
    with closing(sqlite3.connect(place)) as raw:
        names = [
            name
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {
            name: sorted(raw.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for name in names
        }


def assert_sound(place: Path | str) -> None:
    """The doctor finds nothing, also when every digest is computed anew."""
    report = examine(str(place), deep=True)
    assert report.is_fine, [finding for finding in report.findings if finding.is_problem]


def calls_in(place: Path | str) -> list[tuple[Any, ...]]:
    """Id, op, whether it ended, and exception of each call, in the order of writing."""
    with closing(sqlite3.connect(place)) as raw:
        return raw.execute(_CALLS).fetchall()


def run_program(
    folder: Path, text: str, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder and wait for its end; a file, so that workers can import it."""
    script = folder / "program.py"
    script.write_text(text)
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env=program_env(env),
    )


def program_env(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a program: quiet, and able to import these helpers."""
    return {
        **os.environ,
        "WEAVE_LITE_QUIET": "1",
        "PYTHONPATH": str(Path(__file__).parent),
        **(env or {}),
    }


def write_fixture(place: Path, version: int) -> None:
    """Put the store there that an earlier release wrote."""
    packed = Path(__file__).parents[1] / "data" / "stores" / f"v{version}.db.gz"
    place.write_bytes(gzip.decompress(packed.read_bytes()))
