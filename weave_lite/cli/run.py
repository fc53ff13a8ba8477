"""``weave-lite run``: a program that says ``import weave``, run on this package as Python runs it.

Imports no typer, so that the program begins in a clean process.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from weave_lite import drop_in
from weave_lite.core.errors import UsageError
from weave_lite.drop_in import install_as_weave

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, TracebackType

__all__ = ["run_program"]

_USAGE = """\
usage: weave-lite run [--force] SCRIPT [ARGS...]
       weave-lite run [--force] -m MODULE [ARGS...]

Run a program in which `import weave` gives weave_lite.

  --force  also where the official package is installed
"""
_WRONG_USAGE = 2


def run_program(arguments: list[str]) -> None:
    """Run a script or module as ``__main__``; its errors and exit status are those of Python.

    Args:
        arguments: What follows ``run`` on the command line.
    """
    arguments = list(arguments)
    if arguments[:1] in (["--help"], ["-h"]):
        sys.stdout.write(_USAGE)
        return
    force = arguments[:1] == ["--force"]
    if force:
        del arguments[0]
    is_module = arguments[:1] == ["-m"]
    if is_module:
        del arguments[0]
    if not arguments or (arguments[0].startswith("-") and not is_module):
        sys.stderr.write(_USAGE)
        sys.exit(_WRONG_USAGE)
    # First the paths, which may lead to another `weave`.
    _set_first_path(Path.cwd() if is_module else Path(arguments[0]).resolve().parent)
    try:
        install_as_weave(force=force)
    except UsageError as error:
        text = str(error)
        _stop(text.replace("call install_as_weave(force=True)", "say weave-lite run --force"), 1)
    _tell_children()
    _hide_frames_of_ours()
    main = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    code = (_module_code if is_module else _script_code)(arguments[0], main)
    sys.argv[1:] = arguments[1:]
    sys.modules["__main__"] = main
    exec(code, vars(main))  # noqa: S102 - the program that the user asks to run


def _script_code(name: str, main: ModuleType) -> CodeType:
    """Compile a script, and set up ``__main__`` for it."""
    path = Path(name).absolute()
    try:
        with io.open_code(str(path)) as file:
            source = file.read()
    except OSError as error:
        _stop(f"cannot open {name!r}: {error.strerror}; name a file of Python", _WRONG_USAGE)
    sys.argv[0] = name
    main.__file__ = str(path)
    main.__loader__ = SourceFileLoader("__main__", str(path))
    vars(main)["__cached__"] = None
    return compile(source, str(path), "exec", dont_inherit=True)


def _module_code(name: str, main: ModuleType) -> CodeType:
    """Find the code of a module, or of a package's ``__main__``, and set up ``__main__`` for it."""
    spec = _spec_of(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _spec_of(f"{name}.__main__")
        if spec is None:
            _stop(f"{name!r} is a package without __main__; name a module of it", 1)
    get_code = getattr(spec and spec.loader, "get_code", None)
    # Modules that are written in C have none.
    code: CodeType | None = get_code(spec.name) if spec is not None and get_code else None
    if spec is None or code is None:
        _stop(f"no module named {name!r} that can be run; check the name and the folder", 1)
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__file__ = sys.argv[0] = spec.origin or ""
    vars(main)["__cached__"] = spec.cached
    return code


def _spec_of(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return None
        # Something that its package imports is missing.
        raise


def _set_first_path(folder: Path) -> None:
    """Put the program's folder where ours, or that of the command, stands."""
    if not sys.flags.safe_path:
        sys.path[0] = str(folder)


def _tell_children() -> None:
    """Let the processes that the program starts find ``weave`` as well."""
    folder = str(drop_in.AS_WEAVE)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, paths), folder])
    if folder not in sys.path:
        # Processes of multiprocessing get this in place of the environment's.
        sys.path.append(folder)


def _hide_frames_of_ours() -> None:
    """Let a traceback of the program begin in the program, as if Python had run it."""
    show = sys.excepthook

    def show_program(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        frame, first = traceback, traceback
        while frame is not None:
            if frame.tb_frame.f_globals is globals():
                first = frame.tb_next
            frame = frame.tb_next
        while first is not None and first.tb_frame.f_code.co_filename.startswith("<frozen import"):
            first = first.tb_next
        show(kind, error.with_traceback(first), first)

    sys.excepthook = show_program


def _stop(message: str, status: int) -> NoReturn:
    sys.stderr.write(f"weave-lite: {message}\n")
    sys.exit(status)
