"""What the documents say is true: README programs run and print what they show, docstrings' examples hold."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import weave_lite

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", README, re.DOTALL)
MODULES = [
    module.name
    for module in pkgutil.walk_packages(weave_lite.__path__, "weave_lite.")
    if "._alembic" not in module.name
]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_readme_program(number: int, tmp_path: Path) -> None:
    """Each program of the README runs, and prints the text that stands below it."""
    program, expected = PROGRAMS[number]
    file = tmp_path / "program.py"
    file.write_text(program)
    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_readme_test_passes_under_pytest(tmp_path: Path) -> None:
    """The test that the README shows does what it says, in a process with the plugin alone."""
    (program,) = [text for text, _ in PROGRAMS if "def test_" in text]
    (tmp_path / "test_readme.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "weave_lite.pytest_plugin"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1].startswith("1 passed"), done.stdout


def test_readme_has_its_two_commands_first() -> None:
    """The first two shell blocks are one line each: the demo, and the tests."""
    first, second = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "weave-lite demo" in first
    assert "pytest" in second


def test_quickstart_of_readme_is_the_example() -> None:
    """The ten lines of the README are those of the example."""
    example = (ROOT / "examples" / "quickstart.py").read_text()
    assert example.split("\n\n", 1)[1] == PROGRAMS[0][0]


# Typers of 2025 use names that newer releases of click call old.
@pytest.mark.filterwarnings("ignore:'click:DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in docstrings give what they show."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
