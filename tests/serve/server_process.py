"""The command ``serve`` as a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path


class ServerProcess:
    """A server of a store in another process.

    Args:
        place: The store's file.
        options: More options of the command.
        files: How many files it may open, unless it asks for more.

    Attributes:
        url: Where it listens; the same after a restart.
    """

    def __init__(self, place, *options, files=None):
        self._files = files
        self._place = place
        self._options = options
        self._port = 0
        self.log = Path(f"{place}.{id(self)}.log")
        self.start()

    def start(self):
        """Start it, and wait until it listens."""
        at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "weave_lite", "serve", "--db", str(self._place),
                 "--port", str(self._port), *self._options],
                stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        if self._files is not None:
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, (self._files, most))
        until = time.monotonic() + 30
        while (found := re.search(r"at (http://\S+:(\d+))\s", self.log.read_text()[at:])) is None:
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "it does not listen"
            time.sleep(0.02)
        self.url, self._port = found[1], int(found[2])

    def kill(self):
        """End it at once, as a loss of power does for it."""
        self._process.kill()
        self._process.wait(10)

    def stop(self):
        """Tell it to end; gives its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    def resident_mb(self):
        """Tell how much memory it holds, and the most it held."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        now, most = (
            int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024 for name in ("VmRSS", "VmHWM")
        )
        return now, most

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if self._process.poll() is None:
            self.kill()
