"""A query of calls as users write it to the request, and stored calls to Calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidRefError, InvalidRequest
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import SCHEME, ObjectRef, Ref, parse_uri
from weave_lite.serialize.read import is_plain_text
from weave_lite.trace.call import Call, Undecoded
from weave_lite.trace.calls_iter import CallsIter, PaginatedIterator
from weave_lite.trace.requests import equal, model_of, query_of
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from weave_lite.trace.call import CallActions
    from weave_lite.trace.values.build import Builder
    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.interface.query import Query, SortBy

__all__ = ["CallReader", "Chosen", "calls_filter", "chosen", "columns_of", "ids_of", "sort_of"]

_NO_SIZES = None, None


class Chosen(NamedTuple):
    """Which calls are meant."""

    filter: tsi.CallsFilter | None
    query: Query | None


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
    return model_of("filter", tsi.CallsFilter, given, InvalidRequest)


def chosen(
    filter: tsi.CallsFilter | Mapping[str, Any] | None,
    query: Query | Mapping[str, Any] | None,
    scored_by: Any = None,
) -> Chosen:
    """Return which calls are meant: by filter, by query, and by who scored them.

    Args:
        filter: Conditions on op, parent, trace and so on.
        query: A condition in the query language.
        scored_by: Name or ref of a scorer, or a list of them, which must all have scored a call.

    Raises:
        InvalidRequest: A part cannot be read.
        InvalidQueryError: The query is not a sentence of the query language.
    """
    condition = query_of(query)
    if scored_by is not None:
        scorers = [scored_by] if isinstance(scored_by, str | Ref) else scored_by
        if not isinstance(scorers, Iterable):
            raise InvalidRequest(
                "scored_by must be the name or ref of a scorer, or a list of them, "
                f"not {scored_by!r:.100}"
            )
        parts: list[Any] = [_is_scored_by(scorer) for scorer in scorers]
        if condition is not None:
            parts.insert(0, condition.expr_)
        condition = query_of({"$expr": {"$and": parts}}) if parts else condition
    return Chosen(calls_filter(filter), condition)


def _is_scored_by(scorer: str | Ref) -> dict[str, Any]:
    if isinstance(scorer, str) and not scorer.startswith(SCHEME):
        if not scorer:
            raise InvalidRequest("scored_by must not be empty: give the name or ref of a scorer")
        field = f"feedback.[wandb.runnable.{clean_object_id(scorer)}].payload.output"
        return {"$convert": {"input": {"$getField": field}, "to": "exists"}}
    ref = parse_uri(scorer) if isinstance(scorer, str) else scorer
    if not isinstance(ref, ObjectRef):
        raise InvalidRefError(
            f"scored_by must be the name or ref of a scorer (an object or op), not {scorer!r:.140}"
        )
    return equal(f"feedback.[wandb.runnable.{ref.name}].runnable_ref", ref.uri())


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
        model_of(f"sort_by[{at}]", SortBy, part, InvalidRequest) for at, part in enumerate(given)
    ]
    return [part for part in parts if part is not None]


def columns_of(given: Iterable[str] | None, name: str = "columns") -> list[str] | None:
    """Return columns as a list.

    Raises:
        InvalidRequest: They are a text, or hold something else than texts.
    """
    return None if given is None else _texts(name, given, "names")


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


class CallReader:
    """Reads calls from a server and makes Calls of them, whose values are decoded when first read.

    Args:
        server: The trace server. One in this process may give values as text.
        project_id: Whose calls are read.
        builder: Builds values.
        actions: What the calls may do.
        flush: Waits until what was recorded is written.
    """

    def __init__(
        self,
        server: Any,
        project_id: str,
        builder: Builder,
        actions: CallActions,
        flush: Callable[[], object],
    ) -> None:
        self._server = server
        self._project_id = project_id
        self._builder = builder
        self._actions = actions
        self._flush = flush
        self._encoded: Callable[[tsi.CallsQueryReq], Iterator[EncodedCall]] | None = getattr(
            server, "calls_query_encoded", None
        )

    def find(
        self,
        chosen: Chosen,
        shown: dict[str, Any],
        sort_by: list[SortBy] | None,
        *,
        limit: int | None,
        offset: int | None,
        page_size: int,
    ) -> CallsIter:
        """Find calls; nothing is read before the result is looked at.

        Args:
            chosen: Which calls.
            shown: What to read of each: fields of the request, by name.
            sort_by: In which order.
            limit: Most calls.
            offset: How many to skip.
            page_size: How many calls an index reads at a time.
        """
        narrowed = _with_versions(chosen.filter, self._project_id)

        def request(start: int, count: int | None) -> tsi.CallsQueryReq:
            self._flush()
            return tsi.CallsQueryReq(
                project_id=self._project_id,
                filter=narrowed,
                query=chosen.query,
                sort_by=sort_by,
                offset=start or None,
                limit=count,
                **shown,
            )

        def stream(start: int, count: int | None) -> Iterator[Call]:
            return self.stream(request(start, count))

        def count(most: int | None) -> int:
            self._flush()
            req = tsi.CallsQueryStatsReq(
                project_id=self._project_id, filter=narrowed, query=chosen.query, limit=most
            )
            found: int = self._server.calls_query_stats(req).count
            return found

        def frame(start: int, count: int | None) -> pd.DataFrame:
            from weave_lite.trace import calls_frame  # noqa: PLC0415 - not for tracing

            req = request(start, count)
            if self._encoded is None:
                return calls_frame.frame_of_calls(self.stream(req))
            return calls_frame.frame_of_records(self._encoded(req), self._decode_text)

        return PaginatedIterator(
            stream, count, page_size=page_size, limit=limit, offset=offset, frame=frame
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
            None if found.attributes_json is None else Undecoded(found.attributes_json, decode),
            found.started_at,
            found.ended_at,
            thread_id=found.thread_id,
            turn_id=found.turn_id,
            wb_user_id=found.wb_user_id,
            wb_run_id=found.wb_run_id,
            sizes=_sizes(found),
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
            Undecoded(found.attributes, self._decode),
            found.started_at,
            found.ended_at,
            found.deleted_at,
            thread_id=found.thread_id,
            turn_id=found.turn_id,
            wb_user_id=found.wb_user_id,
            wb_run_id=found.wb_run_id,
            sizes=_sizes(found),
            actions=self._actions,
        )


def _with_versions(given: tsi.CallsFilter | None, project_id: str) -> tsi.CallsFilter | None:
    """Let the plain name of an op stand for all its versions too, as the documents use it."""
    plain = [name for name in (given and given.op_names) or () if ":" not in name]
    if given is None or not plain:
        return given
    versions = [f"{SCHEME}{project_id}/op/{name}:*" for name in plain]
    return given.model_copy(update={"op_names": [*(given.op_names or ()), *versions]})


def _sizes(found: EncodedCall | tsi.CallSchema) -> tuple[int | None, int | None] | None:
    sizes = found.storage_size_bytes, found.total_storage_size_bytes
    return None if sizes == _NO_SIZES else sizes
