"""Runs stored code of an op. Only ever called when the user has allowed it explicitly.

The code finds us under the name ``weave``, whether the official package is there or not, since a
loaded op must be an op of ours and work offline. No search path and no module table is changed
for that: the code has an ``__import__`` of its own, also for imports that run later.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import DecodeError
from weave_lite.serialize.registry import is_op
from weave_lite.serialize.source import syntax
from weave_lite.serialize.source.scope import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["run_op_source"]

_OFFICIAL = "weave"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def run_op_source(text: str, name: str) -> Callable[..., Any]:
    """Run stored code and return the op that it defines: the last one decorated.

    Raises:
        DecodeError: The code is not valid, fails, or defines no op; the failure is its cause.
    """
    module = _module_for(text, name)
    try:
        tree = ast.parse(text, module.__file__ or "")
        code = compile(tree, module.__file__ or "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DecodeError(
            f"the stored code of op {name!r} is not valid: {error}", codec="Op"
        ) from error
    # Dataclasses and pydantic look for the module of a class while they make it.
    own_name = module.__name__
    before = sys.modules.get(own_name)
    sys.modules[own_name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - the user has allowed it
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise DecodeError(
            f"the stored code of op {name!r} fails when it runs: {what}", codec="Op"
        ) from error
    finally:
        if before is None:
            sys.modules.pop(own_name, None)
        else:
            sys.modules[own_name] = before
    return _last_op(tree, module.__dict__, name)


def _module_for(text: str, name: str) -> ModuleType:
    content = text.encode(errors="surrogatepass")
    digest = digest_bytes(content)
    # In angle brackets, or else inspect would look for a file.
    filename = f"<op {name}:{digest}>"
    lines = syntax.split_lines(text)
    linecache.cache[filename] = (len(content), None, lines, filename)
    module = ModuleType(f"weave_op_{digest}")
    module.__file__ = filename
    module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
    return module


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    first, dot, rest = name.partition(".")
    if level == 0 and first == _OFFICIAL:
        name = f"{PACKAGE}{dot}{rest}"
    return builtins.__import__(name, globals, locals, fromlist, level)


def _last_op(tree: ast.Module, namespace: dict[str, Any], name: str) -> Callable[..., Any]:
    for node in reversed(tree.body):
        if isinstance(node, _DEFINITIONS):
            found = namespace.get(node.name)
            if isinstance(found, (classmethod, staticmethod)):  # as the official SDK stores them
                found = found.__func__
            if is_op(found):
                return cast("Callable[..., Any]", found)
    raise DecodeError(f"the stored code of op {name!r} defines no op", codec="Op")
