"""What is different between the generations of the official package, beside interface and errors."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from weave_lite.official.adapter import OfficialServer

__all__ = ["apply_settings", "make_client", "patch_libraries", "restored"]


def make_client(
    known: str,
    project_id: tuple[str, str],
    server: OfficialServer,
    on_finish: Callable[[], None] | None = None,
) -> Any:
    """Make an official client and let the package trace into it.

    Args:
        known: Generation of the package.
        project_id: Entity and project.
        server: What it takes for a server.
        on_finish: Called when ``weave.finish()`` has taken the client away.
    """
    base: Any = import_module("weave.trace.weave_client").WeaveClient

    class Client(base):  # type: ignore[misc]
        def finish(self, *given: Any, **named: Any) -> None:
            super().finish(*given, **named)
            # It is also the name of a longer flush, in the middle of a program.
            if on_finish is not None and _current() is not self:
                on_finish()

    kind = Client if known != "0.51" else base
    kind.__name__ = kind.__qualname__ = base.__name__
    client = kind(*project_id, server, ensure_project_exists=False)
    if known == "0.51":
        _remember(client, on_finish)
    else:
        _use(client)
    return client


def _remember(client: Any, on_finish: Callable[[], None] | None) -> None:
    """Do what ``weave.init`` of 0.51 does, so that its ``weave.finish`` finds the client."""
    inits: Any = import_module("weave.trace.weave_init")
    base: Any = inits.InitializedClient

    class Initialized(base):  # type: ignore[misc]
        def reset(self) -> None:
            super().reset()
            if on_finish is not None:
                on_finish()

    _use(None)
    vars(inits)["_current_inited_client"] = Initialized(client)


@contextmanager
def restored(known: str) -> Iterator[None]:
    """Put the active client back after the block.

    Args:
        known: Generation of the package.
    """
    before = _current()
    inits = vars(import_module("weave.trace.weave_init"))
    remembered = inits.get("_current_inited_client")
    try:
        yield
    finally:
        _use(before)
        if known == "0.51":
            inits["_current_inited_client"] = remembered


def _current() -> Any:
    """Give the official client that is active; None when there is none."""
    return import_module("weave.trace.context.weave_client_context").get_weave_client()


def _use(client: Any) -> None:
    """Make a client the one that the official package traces into; None stops tracing."""
    context = import_module("weave.trace.context.weave_client_context")
    # It keeps the client that it has, unless that is taken away first.
    context.set_weave_client_global(None)
    context.set_weave_client_global(client)


def apply_settings(known: str, settings: Any) -> None:
    """Apply settings as ``weave.init`` does, but for the links to pages of calls: there are none.

    Args:
        known: Generation of the package.
        settings: A ``UserSettings``, a dict or None.
    """
    if settings is None or isinstance(settings, dict):
        settings = {"print_call_link": False, **(settings or {})}
    module = import_module("weave.trace.settings")
    name = "parse_and_apply_settings" if known == "0.51" else "replace_settings"
    getattr(module, name)(settings)


def patch_libraries(known: str, autopatch_settings: Any) -> None:
    """Patch the libraries that the package knows, as ``weave.init`` does.

    Args:
        known: Generation of the package.
        autopatch_settings: ``AutopatchSettings`` of 0.51; 0.54 has ``implicitly_patch_integrations``
            in its settings.
    """
    if known == "0.51":
        import_module("weave.trace.autopatch").autopatch(autopatch_settings)
        return
    patching = import_module("weave.integrations.patch")
    patching.implicit_patch()
    patching.register_import_hook()
