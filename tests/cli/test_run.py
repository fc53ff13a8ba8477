"""`weave-lite run`: programs run as Python runs them, with `weave` there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import weave

@weave.op
def double(x):
    return 2 * x

if __name__ == "__main__":
    client = weave.init("run", db=":memory:")
    print(double(4), sys.argv, __name__, [call.func_name for call in client.get_calls()])
"""


@pytest.fixture
def run(tmp_path):
    """Write files, and run the command in their folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WEAVE") and k != "PYTHONPATH"}

    def command(*args, python=(sys.executable, "-m", "weave_lite", "run"), **files):
        for name, text in files.items():
            file = tmp_path / f"{name.replace('_in_', '/')}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return subprocess.run(
            [*python, *args],
            cwd=tmp_path,
            env={**kept, "WEAVE_LITE_QUIET": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return command


def test_a_script_and_its_arguments(run):
    """Options after its name are the script's."""
    done = run("program.py", "--help", "-m", "x", program=PROGRAM)
    assert done.stdout == "8 ['program.py', '--help', '-m', 'x'] __main__ ['double']\n", done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_and_a_package(run, tmp_path):
    """As with `python -m`: a package by its `__main__`."""
    done = run("-m", "tools.program", "a", tools_in_program=PROGRAM)
    assert done.stdout == f"8 ['{tmp_path}/tools/program.py', 'a'] __main__ ['double']\n"
    done = run(
        "-m", "tools", tools_in___main__="import weave, sys; print(__package__, __spec__.name)"
    )
    assert done.stdout == "tools tools.__main__\n", done.stderr


def test_main_is_what_python_makes_of_it(run):
    """The same variables, paths and main module; names can be pickled, source can be read."""
    text = """
import inspect, json, os, pickle, sys
class Own: pass
main = sys.modules["__main__"]
pickle.loads(pickle.dumps(Own()))
print(json.dumps([
    sorted(set(vars(main)) - {"__annotations__", "__conditional_annotations__"}), main.__file__,
    main.__spec__ is None, type(main.__loader__).__name__, main.__package__,
    sys.path[0], sys.argv, inspect.getsource(Own), type(__builtins__).__name__,
]))
"""
    ours = run("program.py", "a", program=text)
    python = run("program.py", "a", python=(sys.executable,))
    assert ours.stdout == python.stdout != "", ours.stderr


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("sys.exit(7)", 7),
        ("sys.exit('sorry')", 1),
        ("raise KeyError('missing')", 1),
        ("open('nothing')", 1),
        ("weave.ref('no such')", 1),
        ("raise BrokenPipeError", 1),
        ("x = [", 1),
        ("import weave.no_such", 1),
        ("import os; os._exit(5)", 5),
        ("raise KeyboardInterrupt", -2),
    ],
)
def test_endings_are_those_of_python(run, ending, status):
    """Exit status and traceback, to the letter."""
    head = (
        "import sys\nimport weave_lite; weave_lite.install_as_weave()\nimport weave\ndef last():\n"
    )
    text = f"{head}    {ending}\nlast()\n"
    ours = run("program.py", program=text)
    python = run("program.py", python=(sys.executable,))
    assert (ours.returncode, ours.stderr) == (python.returncode, python.stderr)
    assert ours.returncode == status


def test_an_error_in_the_package_of_a_module_is_shown(run):
    """It is not that the module is missing."""
    done = run(
        "-m", "tools.program", tools_in___init__="import missing_thing", tools_in_program=PROGRAM
    )
    assert done.returncode == 1
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'missing_thing'\n")
    assert done.stderr.count("  File ") == 1


def test_processes_that_it_starts_find_weave(run):
    """Of a pool that starts anew, and by `sys.executable`; their own install is no error."""
    text = """
import multiprocessing, subprocess, sys
import weave
import weave.trace.op
from weave import op

def work(x):
    return weave.trace.op.op is op, weave.__name__, x

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply_async(work, [1]).get(timeout=30))
    sys.stdout.flush()
    child = "import weave_lite; weave_lite.install_as_weave(); import weave.trace; print(weave.trace.__name__)"
    subprocess.run([sys.executable, "-c", child], check=True)
    subprocess.run([sys.executable, "-c", "import weave.trace; print(weave.trace.__name__)"], check=True)
"""
    done = run("program.py", program=text)
    assert done.stdout == "(True, 'weave_lite', 1)\nweave_lite.trace\nweave_lite.trace\n", (
        done.stderr
    )


def test_the_program_begins_in_a_clean_process(run):
    """Nothing of the command line is loaded."""
    text = "import sys; print(sorted({'typer', 'click', 'rich', 'pydantic', 'sqlalchemy'} & set(sys.modules)))"
    assert run("program.py", program=text).stdout == "[]\n"


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ([], 2, "usage: weave-lite run [--force] SCRIPT [ARGS...]"),
        (["--force"], 2, "usage: weave-lite run [--force] SCRIPT [ARGS...]"),
        (["-m"], 2, "usage: weave-lite run [--force] SCRIPT [ARGS...]"),
        (["--no-such", "x.py"], 2, "usage: weave-lite run [--force] SCRIPT [ARGS...]"),
        (
            ["no.py"],
            2,
            "weave-lite: cannot open 'no.py': No such file or directory; name a file of Python",
        ),
        (["."], 2, "weave-lite: cannot open '.': Is a directory; name a file of Python"),
        (
            ["-m", "no.such"],
            1,
            "weave-lite: no module named 'no.such' that can be run; check the name and the folder",
        ),
        (
            ["-m", "tools"],
            1,
            "weave-lite: 'tools' is a package without __main__; name a module of it",
        ),
        (
            ["-m", "sys"],
            1,
            "weave-lite: no module named 'sys' that can be run; check the name and the folder",
        ),
    ],
)
def test_what_cannot_be_run_is_told(run, args, status, said):
    """In a line, with the status of Python."""
    done = run(*args, tools_in_other="")
    assert (done.returncode, done.stderr.splitlines()[0]) == (status, said)
    assert "Traceback" not in done.stderr


def test_the_official_package_is_left_alone(run, tmp_path):
    """Unless the user says otherwise."""
    done = run(
        "-m",
        "program",
        weave_in___init__="who = 'official'",
        program="import weave; print(weave.__name__)",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"weave-lite: another package `weave` is installed, at {tmp_path}/weave/__init__.py; "
        "uninstall it, or say weave-lite run --force to go before it\n"
    )
    assert run("--force", "-m", "program").stdout == "weave_lite\n"
    assert run("--force", "program.py").stdout == "weave_lite\n"


def test_help(run):
    """Of the command itself, and in the list of all."""
    assert run("--help").stdout.startswith("usage: weave-lite run [--force] SCRIPT [ARGS...]\n")
    assert "gives weave_lite" in run(python=(sys.executable, "-m", "weave_lite", "--help")).stdout
