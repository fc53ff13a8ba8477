"""What a type checker infers: the programs in ``typing/`` are checked by mypy, and run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "typing"
PROGRAMS = sorted(FOLDER.glob("*.py"))


def test_inferred_types():
    """Every ``assert_type`` of the programs holds for mypy, strictly."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *map(str, PROGRAMS)],
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert f"no issues found in {len(PROGRAMS)} source files" in done.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_program_runs(program, tmp_path):
    """What is inferred is what happens."""
    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
