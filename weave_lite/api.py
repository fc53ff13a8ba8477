"""The top-level functions, and the composition root: the only place that picks a server."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from weave_lite.core.errors import NotSupportedError, UsageError
from weave_lite.core.names import split_project_name
from weave_lite.core.refs import ObjectRef, Ref, parse_uri
from weave_lite.trace import client_context
from weave_lite.trace import settings as settings_module
from weave_lite.trace.attributes import attributes
from weave_lite.trace.call_context import get_current_call, require_current_call
from weave_lite.trace.client_context import get_client, require_client
from weave_lite.trace.op import as_op, op
from weave_lite.trace.resolver import parse_location
from weave_lite.trace_server import place as places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from weave_lite.trace.autopatch import AutopatchSettings
    from weave_lite.trace.call import Call
    from weave_lite.trace.settings import Settings, UserSettings
    from weave_lite.trace.weave_client import WeaveClient
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = [
    "as_op",
    "attributes",
    "finish",
    "get",
    "get_client",
    "get_current_call",
    "init",
    "init_local_client",
    "local_client",
    "log_call",
    "obj_ref",
    "op",
    "output_of",
    "parse_uri",
    "publish",
    "ref",
    "remote_client",
    "require_current_call",
]

_DISABLED = "DISABLED"
_DURABILITIES = ("normal", "full")
_TEST_PLACE = places.Place(places.MEMORY, "test")


class _Opened:
    """What the active client was opened with; a test's store stands in for what init would open."""

    __slots__ = ("client", "key", "test_store")

    def __init__(self) -> None:
        self.client: WeaveClient | None = None
        self.key: tuple[Any, ...] = ()
        self.test_store: TraceServerInterface | None = None


_opened = _Opened()


def init(
    project_name: str,
    *,
    settings: UserSettings | Mapping[str, Any] | None = None,
    autopatch_settings: AutopatchSettings | Mapping[str, Any] | None = None,
    global_postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    global_postprocess_output: Callable[[Any], Any] | None = None,
    global_attributes: Mapping[str, Any] | None = None,
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    postprocess_output: Callable[[Any], Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    db: str | os.PathLike[str] | None = None,
    durability: str | None = None,
) -> WeaveClient:
    """Trace ops from now on, into one SQLite file or a trace server. No question asked.

    Args:
        project_name: ``"project"`` or ``"entity/project"``.
        settings: A ``UserSettings`` or a dict of its fields; environment variables win.
        autopatch_settings: An ``AutopatchSettings`` or a dict of its fields: which of ``openai``,
            ``anthropic`` and ``litellm`` are traced, and how. By default all, once imported.
        global_postprocess_inputs: Applied to the inputs of all ops, after the op's own.
        global_postprocess_output: Applied to the outputs of all ops, after the op's own.
        global_attributes: Attributes of all calls.
        postprocess_inputs: The newer name of ``global_postprocess_inputs``.
        postprocess_output: The newer name of ``global_postprocess_output``.
        attributes: The newer name of ``global_attributes``.
        db: Path of the file, ``":memory:"`` or a URL; by default ``WEAVE_LITE_DB``, the nearest
            pyproject.toml, a parent's ``.weave`` folder or ``./.weave/weave.db``.
        durability: ``"normal"``, or ``"full"`` to keep the last commits at power loss.

    Returns:
        The client; the same one when nothing changes.

    Raises:
        InvalidNameError: The project name is not one.
        UsageError: Another argument does not fit, or a URL needs the extra ``remote``.
        StoreError: The file cannot be opened, or is not one of ours.

    Example:
        >>> client = init("demo", db=":memory:")
        >>> client.project_id
        'local/demo'
        >>> finish()
    """
    hooks = {
        "attributes": global_attributes if attributes is None else attributes,
        "postprocess_inputs": global_postprocess_inputs or postprocess_inputs,
        "postprocess_output": global_postprocess_output or postprocess_output,
    }
    return _active_client(project_name, settings, autopatch_settings, hooks, db, durability)


def _active_client(
    project_name: str,
    settings: Any,
    autopatch_settings: Any,
    hooks: dict[str, Any],
    db: str | os.PathLike[str] | None,
    durability: str | None,
) -> WeaveClient:
    """Make the client that is asked for the active one; nothing changes where that fails."""
    from weave_lite.integrations.autopatch import autopatch, wished  # noqa: PLC0415 - not for importing
    from weave_lite.trace.hooks import for_all_ops, set_for_all_ops  # noqa: PLC0415 - not for importing

    libraries = wished(autopatch_settings)
    resolved = _resolved_settings(settings)
    entity, project = split_project_name(project_name, places.default_entity())
    if db is None and _opened.test_store is not None:
        place = _TEST_PLACE
        resolved = resolved._replace(client_parallelism=0)
    else:
        place = places.resolve(db)
    durability = _checked_durability(durability)
    before = settings_module.current(), vars(for_all_ops).copy()
    try:
        set_for_all_ops(**hooks)
        if resolved.disabled:
            return _disabled_client(resolved)
        # A client of a server takes more of the settings with it.
        kept = resolved if place.is_url else resolved.is_sync
        key = (entity, project, place.text, durability, kept)
        settings_module.use(resolved)
        if _opened.client is not None and get_client() is _opened.client and _opened.key == key:
            from weave_lite.trace.tracer import tracer_of  # noqa: PLC0415 - not for importing

            tracer_of(_opened.client).refresh()
            autopatch(libraries)
            return _opened.client
        client = _new_client(entity, project, place, durability)
    except BaseException:
        # Who cannot have the new client goes on with the old one, as it was.
        settings_module.use(before[0])
        vars(for_all_ops).update(before[1])
        raise
    _stop()
    client_context.set_client(client)
    _opened.client, _opened.key = client, key
    autopatch(libraries)
    _announce(client, place)
    return client


def finish() -> None:
    """Write what is pending, stop tracing and give patched libraries back. Call ``init`` to trace again."""
    from weave_lite.integrations.autopatch import reset_autopatch  # noqa: PLC0415 - not for importing

    reset_autopatch()
    _stop()


def _stop() -> None:
    client = get_client()
    if client is not None:
        client.flush()  # before it is set aside: monitors score with the active client only
    client_context.set_client(None)
    _opened.client = None
    if client is not None:
        client.recorder.close()


def _resolved_settings(given: Any) -> Settings:
    resolved = settings_module.resolve(given)
    if resolved.redact_pii:
        from weave_lite.trace.personal_data import prepare  # noqa: PLC0415 - only when asked for

        prepare(resolved)
    if resolved.log_level:
        import logging  # noqa: PLC0415 - only when asked for

        logging.getLogger("weave_lite").setLevel(resolved.log_level)
    return resolved


def _checked_durability(given: str | None) -> str:
    durability = given or os.environ.get("WEAVE_LITE_DURABILITY") or "normal"
    if durability not in _DURABILITIES:
        raise UsageError(f"durability must be 'normal' or 'full', not {durability!r}")
    return durability


def default_server() -> TraceServerInterface:
    """Open the store that ``init`` would trace into; the one that it has open, where it is the same.

    Raises:
        UsageError: The place or the durability that the environment names does not fit.
        StoreError: The file cannot be opened, or is not one of ours.
    """
    if _opened.test_store is not None:
        return _opened.test_store
    place = places.resolve()
    client = _opened.client
    if client is not None and get_client() is client and _opened.key[2] == place.text:
        return client.server
    return _open(place, _checked_durability(None))


def _new_client(entity: str, project: str, place: places.Place, durability: str) -> WeaveClient:
    from weave_lite.trace.weave_client import WeaveClient  # noqa: PLC0415 - not for importing

    server = _open(place, durability)
    # The names are checked already, and asking an embedded server would load pydantic.
    return WeaveClient(entity, project, server, ensure_project_exists=place.is_url)


def _open(place: places.Place, durability: str) -> TraceServerInterface:
    if place is _TEST_PLACE and _opened.test_store is not None:
        return _opened.test_store
    if place.is_url:
        from weave_lite.trace.remote_server import remote_server  # noqa: PLC0415 - needs the extra `remote`

        return remote_server(place.text, settings_module.current())
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer  # noqa: PLC0415 - not for importing

    places.prepare(place)
    return SqliteTraceServer(place.text, durability=durability)


def _disabled_client(resolved: Settings) -> WeaveClient:
    """Stop tracing, and give a client that keeps nothing: no thread, no file, no exit work."""
    finish()
    client_context.mark_disabled()
    # Whatever is published by hand stays in a store of this client alone, written at once.
    settings_module.use(resolved._replace(client_parallelism=0))
    return _new_client(_DISABLED, _DISABLED, places.Place(places.MEMORY, "disabled"), "normal")


def _announce(client: WeaveClient, place: places.Place) -> None:
    """Tell once where the traces go."""
    import logging  # noqa: PLC0415 - not needed before

    look = f" --db {place.text} -p {client.project_id}" if place.is_url else ""
    line = f"weave_lite traces {client.project_id} into {place.text}; look at it with: weave-lite calls{look}"
    logging.getLogger("weave_lite").info(line)
    if not os.environ.get("WEAVE_LITE_QUIET"):
        sys.stderr.write(line + "\n")


def publish(obj: Any, name: str | None = None) -> ObjectRef:
    """Store a value as the latest version of a name.

    Args:
        obj: Any value; an op stores its code.
        name: The name; by default the value's own ``name``, else its class's.

    Returns:
        Its ref.

    Raises:
        WeaveInitError: No client is active.
        InvalidNameError: Nothing is left of the name when it is cleaned.
    """
    return require_client().publisher.publish(obj, name)


def ref(location: str) -> ObjectRef:
    """Make the ref of an object or op; whether it exists is not checked.

    Args:
        location: A URI, or with an active client ``"name"``, ``"name:latest"``, ``"name:v3"`` or
            ``"name:<digest>"``; ``"op:name"`` and ``"op:name:v3"`` for ops.

    Raises:
        InvalidRefError: It is none of these, or no client is active to complete it (also a
            ValueError); a TypeError, too, if it is the URI of a call or table.
    """
    return parse_location(location, get_client())


def get(location: str | ObjectRef) -> Any:
    """Read a published value.

    Args:
        location: A ref, or what :func:`ref` takes.

    Raises:
        NotFoundError: There is no such object.
        WeaveInitError: No client is active.
    """
    return (location if isinstance(location, ObjectRef) else ref(location)).get()


def obj_ref(obj: Any) -> Ref | None:
    """Return the ref of a value that was published or read back; None when it has none."""
    from weave_lite.trace.values.origin import ref_of  # noqa: PLC0415 - loads pydantic

    return ref_of(obj)


def output_of(obj: Any) -> NoReturn:
    """Refuse: upstream never built it either.

    Raises:
        NotSupportedError: Always (also a NotImplementedError).
    """
    raise NotSupportedError(
        f"output_of is not supported. To find the calls that gave a value such as {type(obj).__name__}, "
        "use client.get_calls(filter={'output_refs': [...]})"
    )


def log_call(
    op: Any,
    inputs: Mapping[str, Any],
    output: Any = None,
    *,
    parent: Call | None = None,
    attributes: Mapping[str, Any] | None = None,
    display_name: str | Callable[[Call], str] | None = None,
    use_stack: bool = True,
    exception: BaseException | None = None,
) -> Call:
    """Record a call that is over already, such as one of a program that cannot be traced.

    Args and result are those of ``WeaveClient.log_call``.

    Raises:
        WeaveInitError: No client is active.
        UsageError: An argument does not fit.

    Example:
        >>> client = init("demo", db=":memory:")
        >>> call = log_call("greet", {"name": "Ada"}, "Hello Ada")
        >>> client.get_call(call.id).output
        'Hello Ada'
        >>> finish()
    """
    return require_client().log_call(
        op,
        inputs,
        output,
        parent=parent,
        attributes=attributes,
        display_name=display_name,
        use_stack=use_stack,
        exception=exception,
    )


def init_local_client(project_name: str = "local") -> WeaveClient:
    """Trace into the embedded store, as ``init`` does by itself here."""
    return init(project_name)


@contextmanager
def local_client(project_name: str = "local") -> Iterator[WeaveClient]:
    """Trace into the embedded store inside the block."""
    client = init_local_client(project_name)
    try:
        yield client
    finally:
        finish()


@contextmanager
def remote_client(project_name: str) -> Iterator[WeaveClient]:
    """Trace into the trace server that the environment names inside the block (extra ``remote``).

    The address is ``WF_TRACE_SERVER_URL``, else ``WANDB_BASE_URL`` and ``/traces``.

    Raises:
        UsageError: No address is set, or the extra is not installed.
    """
    from weave_lite.trace_server_bindings.environment import url_of_env  # noqa: PLC0415 - rarely needed

    client = init(project_name, db=url_of_env())
    try:
        yield client
    finally:
        finish()
