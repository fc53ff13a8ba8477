"""The package root: what it offers, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import weave_lite

ROOT = Path(weave_lite.__file__).parent

# The entry points of the contract that exist in this release.
DOCUMENTED = {
    "init", "publish", "ref", "get", "obj_ref", "output_of", "attributes", "finish", "op", "as_op",
    "Table", "ObjectRef", "parse_uri", "get_current_call", "require_current_call", "local_client",
    "init_local_client", "remote_client", "weave_client_context", "Dataset", "Model", "Object",
    "Thread", "ThreadPoolExecutor", "__version__",
}  # fmt: skip


def loaded_by(code):
    """Modules that a fresh interpreter has after running code."""
    program = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return set(found.stdout.split())


@pytest.mark.parametrize("name", weave_lite.__all__)
def test_every_exported_name_exists(name):
    """Lazy or not."""
    assert getattr(weave_lite, name) is getattr(weave_lite, name)
    assert name in dir(weave_lite)


def test_exports_types_and_homes_agree():
    """``__all__``, the table of homes and the imports for type checkers name the same things."""
    tree = ast.parse((ROOT / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        a.asname or a.name for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names
    }
    exported = set(weave_lite.__all__)
    assert typed == set(weave_lite._HOMES) == exported - {"__version__"}
    assert exported >= DOCUMENTED
    assert list(weave_lite.__all__) == sorted(weave_lite.__all__)


def test_the_imports_for_type_checkers_are_the_homes():
    """A type checker sees the object that a program gets."""
    tree = ast.parse((ROOT / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    for node in block.body:
        for alias in node.names:
            namespace = {}
            exec(ast.unparse(ast.ImportFrom(node.module, [alias], 0)), namespace)
            name = alias.asname or alias.name
            assert namespace[name] is getattr(weave_lite, name), name


def test_an_unknown_name_is_an_attribute_error():
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_ours'"):
        _ = weave_lite.nothing_of_ours


def test_the_version_is_the_packages():
    """It stands in two places."""
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    assert weave_lite.__version__ == project["version"]


def test_importing_and_decorating_loads_little():
    """No pydantic, database, event loop, inspection, logging or JSON before they are needed."""
    loaded = loaded_by(
        "import weave_lite as weave\n"
        "@weave.op\n"
        "def f(x): return x\n"
        "@weave.op(name='n', call_display_name=lambda call: 'x')\n"
        "async def g(x): return x\n"
        "class K:\n"
        "    @weave.op\n"
        "    def m(self): yield 1\n"
    )
    heavy = {
        "alembic", "asyncio", "ast", "concurrent", "dataclasses", "datetime", "decimal", "inspect",
        "json", "logging", "multiprocessing", "orjson", "pydantic", "pydantic_core", "random",
        "sqlalchemy", "sqlite3", "threading", "tomllib", "traceback", "typer", "uuid", "uuid_utils",
    }  # fmt: skip
    # What the interpreter's own start loads here (a coverage hook, say) is not ours.
    assert (loaded - loaded_by("")) & heavy == set()
    ours = {name for name in loaded if name.startswith("weave_lite")}
    assert len(ours) <= 14, ours


def test_init_loads_no_upgrade_tool():
    """The upgrade tool is only for old files, and inspection only for odd callables."""
    loaded = loaded_by(
        "import weave_lite as weave\n"
        "weave.init('demo', db=':memory:')\n"
        "@weave.op\n"
        "def f(x): return x\n"
        "f(1)\n"
    )
    assert loaded & {"alembic", "typer", "rich", "pandas", "numpy"} == set()


def test_nothing_inside_imports_the_package_root():
    """Modules name each other by their full path, so that loading stays late."""
    found = []
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                roots = [alias.name for alias in node.names if alias.name == "weave_lite"]
            elif isinstance(node, ast.ImportFrom) and node.module == "weave_lite":
                # `from weave_lite import api` names a module, not something of the root.
                roots = [
                    alias.name
                    for alias in node.names
                    if not (ROOT / f"{alias.name}.py").exists() and not (ROOT / alias.name).is_dir()
                ]
            else:
                continue
            found.extend(f"{file.relative_to(ROOT)}:{node.lineno} {name}" for name in roots)
    assert found == []
