"""The subjects: ours and the limit in this environment, the reference in its own.

``WEAVE_LITE_REFERENCE_PYTHON`` names the Python of an environment with the official SDK; without it
only ours and the limit are measured. ``make_reference_env.sh`` makes such an environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class Worker:
    """A subject in its process."""

    def __init__(self, name: str, python: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.name, self.python, self.folder = name, python, folder
        self.stderr = (folder / "stderr.txt").open("a")
        self.process = subprocess.Popen(
            [python, str(FOLDER / "worker.py"), name, str(folder / "bench.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            cwd=folder,
            env={**os.environ, "WEAVE_PRINT_CALL_LINK": "false", "WEAVE_LITE_QUIET": "1"},
        )

    def ask(self, measure: str) -> dict[str, Any]:
        self.process.stdin.write(measure + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def again(self) -> Worker:
        """Another process of the same subject on the same store."""
        return Worker(self.name, self.python, self.folder)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.stderr.close()


def pythons() -> dict[str, str]:
    """The subjects that can run here, and their Python."""
    found = {"ours": sys.executable, "limit": sys.executable}
    if reference := os.environ.get("WEAVE_LITE_REFERENCE_PYTHON"):
        found["reference"] = reference
    return found
