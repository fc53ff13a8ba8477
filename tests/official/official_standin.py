"""A small package ``weave`` of each generation, where the official one is not installed.

It has what ``weave_lite.official`` touches, and no more; the real ones are tested under ``interop``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator  # noqa: TC003 - annotations are read
from types import ModuleType, SimpleNamespace

from weave_lite.official import installed
from weave_lite.trace_server import trace_server_interface as tsi  # noqa: TC001 - as above

VERSIONS = {"0.51": "0.51.45", "0.54": "0.54.0"}


class Interface:
    """What an official client asks; its own models have the shape of ours."""

    def obj_create(self, req: tsi.ObjCreateReq) -> tsi.ObjCreateRes: ...

    def obj_read(self, req: tsi.ObjReadReq) -> tsi.ObjReadRes: ...

    def obj_delete(self, req: tsi.ObjDeleteReq) -> tsi.ObjDeleteRes: ...

    def call_start(self, req: tsi.CallStartReq) -> tsi.CallStartRes: ...

    def calls_query_stream(self, req: tsi.CallsQueryReq) -> Iterator[tsi.CallSchema]: ...

    def file_create(self, req: tsi.FileCreateReq) -> tsi.FileCreateRes: ...

    def file_content_read(self, req: tsi.FileContentReadReq) -> tsi.FileContentReadRes: ...

    def completions_create(self, req: tsi.CompletionsCreateReq) -> tsi.CompletionsCreateRes: ...

    def ensure_project_exists(self, entity: str, project: str) -> tsi.EnsureProjectExistsRes: ...

    def agent_search(self, req: dict) -> dict: ...


class StandIn:
    """The state of the package.

    Attributes:
        active: Its client.
        settings: What was applied last.
        patched: How often libraries were patched.
    """

    def __init__(self):
        self.active = None
        self.settings = None
        self.patched = []
        self.reports_to = SimpleNamespace(transport="http")
        self.reporter = SimpleNamespace(_disabled=False)

    def set_active(self, client):
        """Set or take away the client; as in the real package, none takes the place of another."""
        if self.active is None or client is None:
            self.active = client


def client_class(state):
    class WeaveClient:
        def __init__(self, entity, project, server, ensure_project_exists=True):
            assert not ensure_project_exists
            self.entity, self.project, self.server = entity, project, server
            self.flushes = 0

        def finish(self):
            self.flush()

        def flush(self):
            self.flushes += 1

    return WeaveClient


def errors_module():
    found = ModuleType("weave.trace_server.errors")
    found.Error = type("Error", (Exception,), {})
    for name in ("InvalidRequest", "NotFoundError", "RequestTooLarge"):
        setattr(found, name, type(name, (found.Error,), {}))
    for name, fact in (("ObjectDeletedError", "deleted_at"), ("MissingLLMApiKeyError", "api_key")):
        setattr(found, name, with_fact(name, fact, found.Error))
    return found


def with_fact(name, fact, base):
    def __init__(self, message, value):
        base.__init__(self, message)
        setattr(self, fact, value)

    return type(name, (base,), {"__init__": __init__})


def sdk_module():
    found = ModuleType("weave.vendor.weave_server_sdk")

    class APIStatusError(Exception):
        def __init__(self, message, *, response, body):
            super().__init__(message)
            self.status_code, self.response, self.body = response.status_code, response, body

    found.APIStatusError = APIStatusError
    names = "BadRequest NotFound Conflict UnprocessableEntity InternalServer".split()
    for name in names:
        setattr(found, f"{name}Error", type(f"{name}Error", (APIStatusError,), {}))
    return found


def httpx_module():
    def response(status, *, request, json):
        return SimpleNamespace(status_code=status, request=request, body=json)

    def request(method, url):
        return (method, url)

    return module("httpx", Request=request, Response=response)


def module(name, **given):
    found = ModuleType(name)
    vars(found).update(given)
    return found


def inits_module(state):
    found = ModuleType("weave.trace.weave_init")

    class InitializedClient:
        def __init__(self, client):
            self.client = client
            state.set_active(client)

        def reset(self):
            state.active = None

    found.InitializedClient = InitializedClient
    found._current_inited_client = None
    return found


def finish_of(generation, state, inits):
    def finish():
        if generation == "0.51":
            before, inits._current_inited_client = inits._current_inited_client, None
            if before is not None:
                before.reset()
            return
        client, state.active = state.active, None
        if client is not None:
            client.finish()

    return finish


def modules_of(generation, state):
    """Make the modules of a generation, of which each has what the real one has."""
    inits = inits_module(state) if generation == "0.51" else module("weave.trace.weave_init")
    context = module(
        "weave.trace.context.weave_client_context",
        get_weave_client=lambda: state.active,
        set_weave_client_global=state.set_active,
    )
    reports = "weave.trace.trace_sentry" if generation == "0.51" else "weave.telemetry.trace_sentry"
    found = [
        module("weave", finish=finish_of(generation, state, inits)),
        *map(module, ("weave.trace", "weave.trace.context", "weave.trace_server")),
        module("weave.trace.weave_client", WeaveClient=client_class(state)),
        module(reports, global_trace_sentry=state.reporter),
        context,
        inits,
    ]

    def apply(settings):
        state.settings = settings

    if generation == "0.51":
        interface = "weave.trace_server.trace_server_interface"
        found += [
            errors_module(),
            module(interface, TraceServerInterface=Interface),
            module("weave.trace.settings", parse_and_apply_settings=apply),
            module("weave.trace.autopatch", autopatch=state.patched.append),
        ]
        return found
    bindings = "weave.trace_server_bindings"
    found += [
        *map(module, (bindings, "weave.vendor", "weave.integrations", "weave.telemetry")),
        sdk_module(),
        httpx_module(),
        module(f"{bindings}.client_interface", TraceServerClientInterface=Interface),
        module("weave.trace.settings", replace_settings=apply),
        module(
            "weave.integrations.patch",
            implicit_patch=lambda: state.patched.append("now"),
            register_import_hook=lambda: state.patched.append("later"),
        ),
    ]
    return found


def install(monkeypatch, generation):
    """Put the package into this process for a test; gives its state."""
    state = StandIn()
    holder = SimpleNamespace(client=state.reports_to)
    setattr(state.reporter, "hub" if generation == "0.51" else "scope", holder)
    for each in modules_of(generation, state):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    monkeypatch.setattr(installed, "version", lambda name: VERSIONS[generation])
    return state
