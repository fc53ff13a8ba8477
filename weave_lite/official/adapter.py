"""A trace server of ours in the form an official client asks for: requests and answers by way of dicts."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from weave_lite.core.errors import NotSupportedError
from weave_lite.official.errors import told_as
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

__all__ = ["OfficialServer"]

_REQUESTS = {route.method: route.request for route in ROUTES} | {
    "calls_complete": "CallsUpsertCompleteReq",
    "otel_export": "OtelExportReq",
}


class OfficialServer:
    """What an official client takes for a trace server.

    Args:
        server: Gives who answers.
        interface: The official class whose methods these are.
        known: Its generation.
    """

    def __init__(self, server: Callable[[], SqliteTraceServer], interface: Any, known: str) -> None:
        self._server = server
        self._interface = interface
        self._known = known

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        if name.startswith("_") or not hasattr(self._interface, name):
            raise AttributeError(f"a trace server has no {name!r}")
        request = _REQUESTS.get(name)
        if request is None:
            return _refuse(name)
        answer_type = _answer_type(getattr(self._interface, name))

        def ask(req: Any) -> Any:
            with told_as(self._known):
                asked = getattr(tsi, request).model_validate(_plain(name, req))
                found = getattr(self._server(), name)(asked)
            if hasattr(found, "model_dump"):
                return _as_theirs(found, answer_type)
            return self._each_as_theirs(found, answer_type)

        # The next look finds it without this method.
        self.__dict__[name] = ask
        return ask

    def ensure_project_exists(self, entity: str, project: str) -> Any:
        """Say that a project exists; here all do."""
        answer_type = _answer_type(self._interface.ensure_project_exists)
        with told_as(self._known):
            found = self._server().ensure_project_exists(entity, project)
        return _as_theirs(found, answer_type)

    def _each_as_theirs(self, found: Iterator[Any], answer_type: Any) -> Iterator[Any]:
        with told_as(self._known):
            for each in found:
                yield _as_theirs(each, answer_type)


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*given: Any, **named: Any) -> Any:
        del given, named
        raise NotSupportedError(f"{name} is not offered by the embedded store")

    return refuse


def _plain(name: str, req: Any) -> Any:
    """Give a request as a dict; newer clients send dicts."""
    read = (
        req.model_dump(by_alias=True)
        if hasattr(req, "model_dump")
        else {key: value for key, value in req.items() if value is not None}
        if isinstance(req, Mapping)
        else req
    )
    if name == "file_create" and isinstance(read.get("file"), tuple):
        file_name, content = read.pop("file")[:2]
        read |= {"name": file_name, "content": content}
    return read


def _answer_type(method: Any) -> Any:
    """Give the model of an answer, or of each item of a stream; None when it has none."""
    try:
        found = get_type_hints(method).get("return")
    except NameError:
        found = inspect.signature(method).return_annotation
    if get_origin(found) is Iterator:
        found = get_args(found)[0]
    return found


def _as_theirs(answer: Any, answer_type: Any) -> Any:
    read = answer.model_dump(by_alias=True)
    validate = getattr(answer_type, "model_validate", None)
    if validate is not None:
        return validate(read)
    if is_dataclass(answer_type) or hasattr(answer_type, "_fields"):
        return answer_type(**read)
    return read
