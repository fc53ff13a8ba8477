"""The wheel has all that an installed package needs, and its needs stay few."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(folder),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_contents(wheel: Path) -> None:
    """Types, migrations and licence travel inside."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "weave_lite/py.typed" in names
    assert "weave_lite/_alembic/env.py" in names
    assert any(re.fullmatch(r"weave_lite/_alembic/versions/0001_\w+\.py", name) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "weave_lite/_as_weave/weave/__init__.py" in names
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_wheel_entry_points(wheel: Path) -> None:
    """The command, and the plugin for pytest."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert archive.read(name).decode().split() == [
            *("[console_scripts]", "weave-lite", "=", "weave_lite.__main__:main"),
            *("[pytest11]", "weave_lite", "=", "weave_lite.pytest_plugin"),
        ]


def test_wheel_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Unpacked somewhere else it traces, and its migrations make the same schema."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    program = f"""
import sys
sys.path.insert(0, {str(site)!r})
import weave_lite as weave
assert weave.__file__.startswith({str(site)!r}), weave.__file__
client = weave.init("wheel", db="wheel.db")
@weave.op
def add(a, b): return a + b
add(1, 2)
print([call.output for call in client.get_calls()])
from weave_lite.trace_server.store import migrate
import pathlib
assert str(migrate.scripts_folder()).startswith({str(site)!r})
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[3]\n"


def test_needs_stay_few() -> None:
    """The whole closure of the core is at most 20 packages."""
    wanted, seen = ["weave-lite"], set()
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        for need in importlib.metadata.requires(name) or []:
            required = Requirement(need)
            if required.marker is None or required.marker.evaluate({"extra": ""}):
                wanted.append(required.name)
    seen.discard("weave-lite")
    assert len(seen) <= 20, sorted(seen)
    assert {"pydantic", "sqlalchemy", "alembic", "orjson", "typer"} <= seen
