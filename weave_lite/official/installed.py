"""Which official package is installed, and where its interface is; knows two generations."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from weave_lite.core.errors import NotSupportedError, UsageError

__all__ = ["generation", "interface_of"]

_INTERFACES: Final = {
    "0.51": ("weave.trace_server.trace_server_interface", "TraceServerInterface"),
    "0.54": ("weave.trace_server_bindings.client_interface", "TraceServerClientInterface"),
}


def generation() -> str:
    """Give the generation of the installed package: ``0.51`` or ``0.54``.

    Raises:
        UsageError: It is not installed, or ours has taken its name.
        NotSupportedError: It is of another version.
    """
    if getattr(sys.modules.get("weave"), "__name__", None) == "weave_lite":
        raise UsageError(
            "the name `weave` is weave_lite's in this process, since install_as_weave() was called; "
            "call weave.init, or leave out install_as_weave()"
        )
    try:
        found = version("weave")
    except PackageNotFoundError as error:
        raise UsageError(
            "the official package is not installed; run `pip install weave==0.51.45` "
            "or `pip install weave==0.54.0`"
        ) from error
    known = ".".join(found.split(".")[:2])
    if known not in _INTERFACES:
        raise NotSupportedError(
            f"weave {found} is not known here; install weave==0.51.45 or weave==0.54.0, "
            "or use `weave-lite serve`"
        )
    return known


def interface_of(known: str) -> Any:
    """Give the class that says which methods the package asks a trace server for."""
    module, name = _INTERFACES[known]
    return getattr(import_module(module), name)
