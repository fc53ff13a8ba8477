"""A query of calls as users write it to the request, and stored calls to Calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidQueryError, InvalidRequest
from weave_lite.serialize.read import is_plain_text
from weave_lite.trace.call import Call, Undecoded
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import BaseModel

    from weave_lite.trace.call import CallActions
    from weave_lite.trace.values.build import Builder
    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.interface.query import Query, SortBy

__all__ = ["CallReader", "calls_filter", "columns_of", "ids_of", "query_of", "sort_of"]

M = TypeVar("M", bound="BaseModel")


def calls_filter(given: tsi.CallsFilter | Mapping[str, Any] | None) -> tsi.CallsFilter | None:
    """Return a filter, also from its dict form.

    Raises:
        InvalidRequest: A key is not one of a filter, or its value does not fit.
    """
    if isinstance(given, Mapping):
        unknown = sorted(set(map(str, given)) - set(tsi.CallsFilter.model_fields))
        if unknown:
            raise InvalidRequest(
                f"filter has no field {unknown[0]!r}; it has {', '.join(tsi.CallsFilter.model_fields)}"
            )
    return _model("filter", tsi.CallsFilter, given, InvalidRequest)


def query_of(given: Query | Mapping[str, Any] | None) -> Query | None:
    """Return a query, also from its dict form (``{"$expr": ...}``).

    Raises:
        InvalidQueryError: It is not a sentence of the query language.
    """
    from weave_lite.trace_server.interface.query import Query  # noqa: PLC0415 - needs pydantic

    return _model("query", Query, given, InvalidQueryError)


def sort_of(given: Iterable[SortBy | Mapping[str, Any]] | None) -> list[SortBy] | None:
    """Return sort fields, also from their dict form.

    Raises:
        InvalidRequest: One is not a field and a direction.
    """
    if given is None:
        return None
    from weave_lite.trace_server.interface.query import SortBy  # noqa: PLC0415 - needs pydantic

    if isinstance(given, str | Mapping | SortBy):
        raise InvalidRequest(f"sort_by must be a list of fields and directions, not {given!r:.100}")
    parts = [
        _model(f"sort_by[{at}]", SortBy, part, InvalidRequest) for at, part in enumerate(given)
    ]
    return [part for part in parts if part is not None]


def columns_of(given: Iterable[str] | None) -> list[str] | None:
    """Return columns as a list.

    Raises:
        InvalidRequest: They are a text, or hold something else than texts.
    """
    return None if given is None else _texts("columns", given, "names")


def ids_of(given: Iterable[str]) -> list[str]:
    """Return call ids as a list.

    Raises:
        InvalidRequest: They are a text, or hold something else than texts.
    """
    return _texts("call_ids", given, "ids")


def _texts(name: str, given: Iterable[str], kind: str) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    if isinstance(given, str) or not all(isinstance(text, str) for text in texts):
        raise InvalidRequest(f"{name} must be a list of {kind}, not {given!r:.100}")
    return texts


def _model(name: str, model: type[M], given: Any, error: type[InvalidRequest]) -> M | None:
    if given is None or isinstance(given, model):
        return given
    if not isinstance(given, Mapping):
        raise error(f"{name} must be a dict or a {model.__name__}, not {type(given).__name__}")
    from pydantic import ValidationError  # noqa: PLC0415 - loaded with the model

    try:
        return model.model_validate(dict(given))
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise error(f"{name}: {where}: {first['msg']}") from None


class CallReader:
    """Reads calls from a server and makes Calls of them, whose values are decoded when first read.

    Args:
        server: The trace server. One in this process may give values as text.
        project_id: Whose calls are read.
        builder: Builds values.
        actions: What the calls may do.
    """

    def __init__(
        self, server: Any, project_id: str, builder: Builder, actions: CallActions
    ) -> None:
        self._server = server
        self._project_id = project_id
        self._builder = builder
        self._actions = actions
        self._encoded: Callable[[tsi.CallsQueryReq], Iterator[EncodedCall]] | None = getattr(
            server, "calls_query_encoded", None
        )

    def stream(self, req: tsi.CallsQueryReq) -> Iterator[Call]:
        """Read the calls that a query finds one by one; the request is checked at once."""
        if self._encoded is not None:
            return map(self._from_text, self._encoded(req))
        return map(self.from_schema, self._server.calls_query_stream(req))

    def read(self, call_id: str, *, include_costs: bool = False) -> Call | None:
        """Read one call; None when there is none."""
        found: tsi.CallSchema | None = self._server.call_read(
            tsi.CallReadReq(project_id=self._project_id, id=call_id, include_costs=include_costs)
        ).call
        return None if found is None else self.from_schema(found)

    def _from_text(self, found: EncodedCall) -> Call:
        decode = self._decode_text
        return Call(
            found.op_name,
            found.trace_id,
            found.project_id,
            found.parent_id,
            {} if found.inputs_json is None else Undecoded(found.inputs_json, decode),
            found.id,
            None if found.output_json is None else Undecoded(found.output_json, decode),
            found.exception,
            Undecoded(found.summary_json, jsontext.parse),
            found.display_name,
            None
            if found.attributes_json is None
            else Undecoded(found.attributes_json, jsontext.parse),
            found.started_at,
            found.ended_at,
            thread_id=found.thread_id,
            turn_id=found.turn_id,
            wb_user_id=found.wb_user_id,
            wb_run_id=found.wb_run_id,
            actions=self._actions,
        )

    def _decode_text(self, text: str) -> Any:
        value = jsontext.parse(text)
        return value if is_plain_text(text) else self._decode(value)

    def _decode(self, value: Any) -> Any:
        return self._builder.decode(value, self._project_id)

    def from_schema(self, found: tsi.CallSchema) -> Call:
        """Make a Call of one that was read by the typed door."""
        return Call(
            found.op_name,
            found.trace_id,
            found.project_id,
            found.parent_id,
            Undecoded(found.inputs, self._decode),
            found.id,
            Undecoded(found.output, self._decode),
            found.exception,
            None if found.summary is None else dict(found.summary),
            found.display_name,
            found.attributes,
            found.started_at,
            found.ended_at,
            found.deleted_at,
            thread_id=found.thread_id,
            turn_id=found.turn_id,
            wb_user_id=found.wb_user_id,
            wb_run_id=found.wb_run_id,
            actions=self._actions,
        )
