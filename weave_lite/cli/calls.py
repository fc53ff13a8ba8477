"""Commands that show calls: ``calls``, ``show ID`` and ``tree ID``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_lite.cli.options import (
    JsonOption,
    ProjectOption,
    ServerOption,
    choose_project,
    open_server,
    parse_since,
    print_json_lines,
    screen,
    talk,
)
from weave_lite.core.errors import InvalidNameError, InvalidRequest, NotFoundError
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import SCHEME, CallRef, ObjectRef, OpRef, TableRef, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.cli.options import AnyServer
    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = [
    "LimitOption",
    "OpOption",
    "RootsOption",
    "SinceOption",
    "calls",
    "calls_to_show",
    "find_call",
    "newest_calls",
    "show",
    "tree",
]

OpOption = Annotated[str | None, typer.Option(help="Only calls of this op, all versions.")]
RootsOption = Annotated[bool, typer.Option(help="Only calls without a parent.")]
SinceOption = Annotated[str | None, typer.Option(help="An age (30m, 2d) or a date.")]
LimitOption = Annotated[int, typer.Option(min=1, help="At most so many, the newest.")]
IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A call's id, the end of one, or a weave:/// URI.")
]


def calls(
    db: ServerOption = None,
    project: ProjectOption = None,
    op: OpOption = None,
    trace_roots: RootsOption = False,
    since: SinceOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """List the newest calls."""
    with open_server(db) as server:
        project_id = choose_project(server, project)
        found = newest_calls(server, project_id, op, since, limit, trace_roots=trace_roots)
        rows = calls_to_show(found, "no calls", as_json=as_json)
        if rows:
            from weave_lite.display.calls_table import calls_table  # noqa: PLC0415 - loads rich

            screen().print(calls_table(rows))


def newest_calls(
    server: AnyServer,
    project_id: str,
    op: str | None,
    since: str | None,
    limit: int,
    *,
    trace_roots: bool = False,
    condition: dict[str, Any] | None = None,
) -> Iterator[CallSchema]:
    """Query calls by the options that commands share, the newest first.

    Args:
        server: Where the calls are.
        project_id: Their project.
        op: The name or URI of their op.
        since: An age or a date.
        limit: Most calls.
        trace_roots: Only calls without a parent.
        condition: What else must hold.
    """
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    wanted: dict[str, Any] = {"trace_roots_only": trace_roots}
    if op is not None:
        wanted["op_names"] = _op_names(server, project_id, op)
    conditions = [] if condition is None else [condition]
    if since is not None:
        started = {"$gte": [{"$getField": "started_at"}, {"$literal": parse_since(since)}]}
        conditions.append(started)
    request = {
        "project_id": project_id,
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "filter": wanted,
        "query": {"$expr": {"$and": conditions}} if conditions else None,
        "limit": limit,
    }
    return iter(server.calls_query_stream(tsi.CallsQueryReq.model_validate(request)))


def calls_to_show(found: Iterator[CallSchema], nothing: str, *, as_json: bool) -> list[CallSchema]:
    """Return the calls of which a picture is to be made: none where lines of JSON are wanted.

    Args:
        found: The calls.
        nothing: What to say when there is none.
        as_json: Write them as lines of JSON.
    """
    if as_json:
        print_json_lines(found)
        return []
    rows = list(found)
    if not rows:
        talk(nothing)
    return rows


def show(
    call_id: IdArgument,
    db: ServerOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all of a call, or the value of an object, op or table URI."""
    with open_server(db) as server:
        ref = parse_uri(call_id) if call_id.startswith(SCHEME) else None
        if isinstance(ref, ObjectRef):
            _show_value(server, ref, is_line=as_json)
            return
        if isinstance(ref, TableRef):
            _show_rows(server, ref)
            return
        call = find_call(server, call_id, project)
        if as_json:
            print_json_lines(iter([call]))
            return
        from weave_lite.display.call_card import call_card  # noqa: PLC0415 - loads rich

        screen().print(call_card(call))


def tree(
    call_id: IdArgument,
    db: ServerOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a call with all the calls below it."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    with open_server(db) as server:
        call = find_call(server, call_id, project)
        request = tsi.CallsQueryReq(
            project_id=call.project_id, filter=tsi.CallsFilter(trace_ids=[call.trace_id])
        )
        found = server.calls_query_stream(request)
        if as_json:
            print_json_lines(_at_and_below(call.id, found))
            return
        from weave_lite.display.call_tree import call_tree  # noqa: PLC0415 - loads rich

        screen().print(
            call_tree(found, call.id), soft_wrap=False, no_wrap=True, overflow="ellipsis"
        )


def _op_names(server: AnyServer, project_id: str, op: str) -> list[str]:
    """A name, or a URI without a version, is every version; else it is the one that the URI names."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    if not op.startswith(SCHEME):
        try:
            # Or a plain name, of a call made by hand.
            return [f"{SCHEME}{project_id}/op/{clean_object_id(op)}:*", op]
        except InvalidNameError as error:
            raise InvalidRequest(f"--op {op!r} is no name: {error}") from None
    ref = parse_uri(op)
    if not isinstance(ref, OpRef):
        raise InvalidRequest(
            f"--op {op!r} is not the URI of an op; write its name, or {SCHEME}E/P/op/NAME"
        )
    digest = ref.digest if ":" in op.removeprefix(SCHEME) else "*"
    if digest != "*":
        request = tsi.OpReadReq(project_id=ref.project_id, name=ref.name, digest=digest)
        digest = server.op_read(request).op_obj.digest
    return [f"{SCHEME}{ref.project_id}/op/{ref.name}:{digest}"]


def find_call(server: AnyServer, call_id: str, project: str | None) -> CallSchema:
    """Find a call by its id, the end of one, or its URI.

    Raises:
        NotFoundError: There is none.
        InvalidRequest: There are several, or it is not the URI of a call.
    """
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    if not call_id:
        raise InvalidRequest("ID is empty; weave-lite calls shows the ids that there are")
    if call_id.startswith(SCHEME):
        ref = parse_uri(call_id)
        if not isinstance(ref, CallRef):
            raise InvalidRequest(f"{call_id!r} is not the URI of a call; look at it with: show URI")
        project_id, call_id = ref.project_id, ref.id
    else:
        project_id = choose_project(server, project)
    call = server.call_read(tsi.CallReadReq(project_id=project_id, id=call_id)).call
    if call is not None:
        return call
    part = {"$contains": {"input": {"$getField": "id"}, "substr": {"$literal": call_id}}}
    found = server.calls_query(
        tsi.CallsQueryReq.model_validate(
            {"project_id": project_id, "query": {"$expr": part}, "limit": 2}
        )
    ).calls
    if not found:
        raise NotFoundError(
            f"no call {call_id!r} in project {project_id}; weave-lite calls shows those that there are"
        )
    if len(found) > 1:
        raise InvalidRequest(f"more than one call has {call_id!r} in its id; give more of it")
    return found[0]


def _at_and_below(root_id: str, calls: Iterable[CallSchema]) -> Iterator[CallSchema]:
    """Pick a call and its descendants out of a trace, and keep the order."""
    trace = list(calls)
    children: dict[str | None, list[str]] = {}
    for call in trace:
        children.setdefault(call.parent_id, []).append(call.id)
    kept: set[str] = set()
    to_visit = [root_id]
    while to_visit:
        call_id = to_visit.pop()
        if call_id not in kept:
            kept.add(call_id)
            to_visit += children.get(call_id, [])
    return (call for call in trace if call.id in kept)


def _show_value(server: AnyServer, ref: ObjectRef, *, is_line: bool) -> None:
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    (value,) = server.refs_read_batch(tsi.RefsReadBatchReq(refs=[ref.uri()])).vals
    typer.echo(json.dumps(value, indent=None if is_line else 2, ensure_ascii=False))


def _show_rows(server: AnyServer, ref: TableRef) -> None:
    """Write the rows of a table, a line of JSON each: there may be many."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    # A table that is not there has no rows; this says that it is not there.
    server.table_query_stats(tsi.TableQueryStatsReq(project_id=ref.project_id, digest=ref.digest))
    request = tsi.TableQueryReq(project_id=ref.project_id, digest=ref.digest)
    for row in server.table_query_stream(request):
        typer.echo(json.dumps(row.val, ensure_ascii=False))
