"""The subjects: ours and the limit in this environment, the reference in its own.

``WEAVE_LITE_REFERENCE_PYTHON`` names the Python of an environment with the official SDK; without it
only ours and the limit are measured. ``make_reference_env.sh`` makes such an environment.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
# Without a network the reference would wait for its maker's error reports to go out.
QUIET = {
    "WEAVE_PRINT_CALL_LINK": "false",
    "WEAVE_LITE_QUIET": "1",
    "WANDB_ERROR_REPORTING": "false",
}


class Worker:
    """A subject in its process, on the file ``bench.db`` of a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder = name, folder
        self.file = folder / "bench.db"
        self.stderr = (folder / "stderr.txt").open("a")
        self.process = subprocess.Popen(
            [pythons()[name], str(FOLDER / "worker.py"), name, str(self.file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            cwd=folder,
            env={**os.environ, **QUIET},
        )

    def ask(self, measure: str) -> dict[str, Any]:
        """Have a measure run, and wait for what it gives."""
        self.send(measure)
        return self.answer()

    def send(self, measure: str) -> None:
        """Have a measure run."""
        self.process.stdin.write(measure + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for what was sent last."""
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def again(self) -> Worker:
        """Another process of the same subject on the same store."""
        return Worker(self.name, self.folder)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.stderr.close()


class Workers:
    """One worker per subject and kind of store, each made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, str], Worker] = {}
        # Bytes of the files with 100,000 calls and nothing else, by subject.
        self.sizes: dict[str, int] = {}

    def get(self, place: str, name: str) -> Worker:
        """The worker of a subject on a store that is ``fresh``, ``few``, ``stored`` or ``indexed``."""
        if (place, name) not in self._made:
            folder = self._folder / f"{place}-{name}"
            if place == "indexed":
                _copy(self.get("stored", name).file, folder / "bench.db")
            worker = self._made[place, name] = Worker(name, folder)
            if place == "stored":
                worker.ask("fill")
                self.sizes[name] = _size(worker.file)
                worker.ask("fill_feedback")
            if place == "indexed":
                worker.ask("add_indexes")
            if place == "few":
                worker.ask("fill_few")
        return self._made[place, name]

    def alone(self, place: str, name: str) -> Worker:
        """A new process: on the stored calls, or on a file that no other has."""
        if place == "stored":
            return self.get(place, name).again()
        alone = self._folder / f"alone-{name}"
        alone.mkdir(exist_ok=True)
        return Worker(name, alone / str(len(list(alone.iterdir()))))

    def close(self) -> None:
        """End them all."""
        for worker in self._made.values():
            worker.close()


def pythons() -> dict[str, str]:
    """The subjects that can run here, and their Python."""
    found = {"ours": sys.executable, "limit": sys.executable}
    if reference := os.environ.get("WEAVE_LITE_REFERENCE_PYTHON"):
        found["reference"] = reference
    return found


def _size(file: Path) -> int:
    conn = sqlite3.connect(file)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    return file.stat().st_size


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir()
    old, new = sqlite3.connect(source), sqlite3.connect(target)
    # SQLite copies the pages as they are, whatever the size of a page.
    old.backup(new)
    new.close()
    old.close()
