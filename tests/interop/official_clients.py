"""Official SDKs in environments of their own, and processes that serve a file to them.

``.ci/interop`` makes the environments and names them in the variables; without these the tests fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PYTHONS = {
    "0.51.45": "WEAVE_LITE_REFERENCE_PYTHON",
    "0.54.0": "WEAVE_LITE_NEWER_PYTHON",
}
NODE_FOLDER = "WEAVE_LITE_NODE_FOLDER"
OURS = "ours"


@contextmanager
def listening(file, *options):
    """Serve a file in a process of its own inside the block; gives the process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "weave_lite", "serve", "--db", str(file), "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


@contextmanager
def serving(file, *options):
    """Serve a file in a process of its own inside the block; gives its address."""
    with listening(file, *options) as process:
        yield process.stderr.readline().split(" at ")[1].strip()


def pointed_at(url, key="a" * 40):
    """Variables that point an official SDK at an address: those that ``weave-lite serve`` prints."""
    return {
        "WF_TRACE_SERVER_URL": url,
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": key,
        "WEAVE_USE_SERVER_CACHE": "false",
    }


def run_job(version, name, *given, folder, **environment):
    """Run a job with an SDK, or with ours in its place; gives what it told in its last argument's file."""
    told = folder / f"{Path(name).stem}-{version}.json"
    start = (
        [sys.executable, "-m", "weave_lite", "run"]
        if version == OURS
        else ["node"]
        if name.endswith(".mjs")
        else [os.environ[PYTHONS[version]]]
    )
    found = subprocess.run(
        [*start, str(HERE / name), *given, str(told)],
        env={**os.environ, "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return json.loads(told.read_text())


def differences(found, expected):
    """Name each place where two JSON documents differ, with both values."""
    if isinstance(found, dict) and isinstance(expected, dict):
        told = {}
        for key in {**expected, **found}:
            inside = differences(found.get(key, "(nothing)"), expected.get(key, "(nothing)"))
            told |= {f"{key}.{place}".rstrip("."): both for place, both in inside.items()}
        return told
    return {} if found == expected else {"": (found, expected)}
