"""Every example runs by itself, in an empty folder, with the network cut off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# Loaded by the interpreter at start: any attempt to connect anywhere fails.
NO_NETWORK = """
import socket
def refuse(*args, **kwargs):
    raise OSError("the network is cut off")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
"""


def offline_environment(folder: Path) -> dict[str, str]:
    """An environment whose Python cannot reach any network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEAVE")}
    # The library of this checkout, whichever is installed.
    return {**kept, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_there_are_examples() -> None:
    """The list below is not empty by mistake."""
    assert [path.name for path in EXAMPLES if path.name == "quickstart.py"] == ["quickstart.py"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example: Path, tmp_path: Path) -> None:
    """It ends without an error and prints something."""
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=work,
        env=offline_environment(tmp_path / "offline"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_quickstart_prints_its_call(tmp_path: Path) -> None:
    """The quickstart shows the call it made, read back from the store."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES[0].parent / "quickstart.py")],
        cwd=tmp_path,
        env=offline_environment(tmp_path / "offline"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "shout {'text': 'hello', 'times': 3} -> HELLO!!!\n"
    assert "quickstart" in done.stderr
    assert (tmp_path / ".weave" / "weave.db").is_file()
