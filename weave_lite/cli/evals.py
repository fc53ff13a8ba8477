"""The commands ``evals``, ``evals show`` and ``evals diff``: evaluations, and how they compare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_lite.cli.calls import (
    LimitOption,
    SinceOption,
    calls_to_show,
    find_call,
    newest_calls,
)
from weave_lite.cli.options import (
    JsonOption,
    ProjectOption,
    ServerOption,
    choose_project,
    open_server,
    screen,
    talk,
)
from weave_lite.core import jsontext
from weave_lite.core.digest import digest_canonical
from weave_lite.core.errors import InvalidRequest, WeaveLiteError
from weave_lite.core.refs import ObjectRef, maybe_parse_uri

if TYPE_CHECKING:
    from weave_lite.cli.options import AnyServer
    from weave_lite.display.eval_compare import EvalRow
    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["app"]

app = typer.Typer(name="evals", help="Show and compare evaluations.", invoke_without_command=True)

_EVALUATE = "Evaluation.evaluate"
# The second is the name in the official TypeScript SDK.
_ROWS = ("Evaluation.predict_and_score", "Evaluation.predictAndScore")
_EvalArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of an evaluation, or its end.")
]
_LowerOption = Annotated[
    list[str] | None,
    typer.Option("--lower-is-better", help="A score, such as size or size.words; may be repeated."),
]
_AllOption = Annotated[bool, typer.Option("--all", help="Also rows that did not change.")]


@app.callback()
def evals(
    context: typer.Context,
    db: ServerOption = None,
    project: ProjectOption = None,
    since: SinceOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """List the newest evaluations."""
    if context.invoked_subcommand is not None:
        return
    with open_server(db) as server:
        project_id = choose_project(server, project)
        found = newest_calls(server, project_id, _EVALUATE, since, limit)
        rows = calls_to_show(found, "no evaluations", as_json=as_json)
        if rows:
            from weave_lite.display.eval_tables import evals_table  # noqa: PLC0415 - loads rich

            counts = {call.id: _count_rows(server, call) for call in rows}
            models = {call.id: _model_name(server, call) for call in rows}
            names = {call.id: _evaluation_name(call) for call in rows}
            screen().print(evals_table(rows, names, models, counts))


@app.command()
def show(
    eval_id: _EvalArgument,
    db: ServerOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the summary of an evaluation and all its rows."""
    from weave_lite.display.eval_tables import rows_table, summary_table  # noqa: PLC0415

    with open_server(db) as server:
        call, rows = _read(server, eval_id, project)
        model = _model_name(server, call)
    if as_json:
        for row in rows:
            typer.echo(_json_line(row._asdict()))
        return
    console = screen()
    _print_head(call, model)
    console.print(summary_table(call.output))
    console.print()
    console.print(rows_table(rows))


@app.command()
def diff(
    before: _EvalArgument,
    after: _EvalArgument,
    lower_is_better: _LowerOption = None,
    with_all: _AllOption = False,
    db: ServerOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two evaluations row by row, regressions first; exit status 1 when there are any."""
    from weave_lite.display.eval_compare import compare, count_kinds  # noqa: PLC0415
    from weave_lite.display.eval_tables import changes_table  # noqa: PLC0415

    with open_server(db) as server:
        call_a, rows_a = _read(server, before, project)
        call_b, rows_b = _read(server, after, project)
        models = [_model_name(server, call) for call in (call_a, call_b)]
    changes = compare(rows_a, rows_b, frozenset(lower_is_better or ()))
    counts = count_kinds(changes)
    shown = [each for each in changes if with_all or each.kind != "same"]
    if as_json:
        for change in shown:
            line = change._asdict()
            for side in ("before", "after"):
                line[side] = None if line[side] is None else line[side]._asdict()
            typer.echo(_json_line(line))
    else:
        _print_head(call_a, models[0], "A  ")
        _print_head(call_b, models[1], "B  ")
        if shown:
            screen().print(changes_table(shown))
        talk(", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no rows")
    if counts.get("regression"):
        raise typer.Exit(1)


def _print_head(call: CallSchema, model: str, prefix: str = "") -> None:
    from weave_lite.display.eval_tables import title_text  # noqa: PLC0415 - loads rich
    from weave_lite.display.text_cells import (  # noqa: PLC0415
        latency_text,
        plain,
        status_text,
        time_text,
    )

    screen().print(
        prefix,
        status_text(call),
        title_text(call, _evaluation_name(call)),
        "of",
        plain(model),
        time_text(call.started_at),
        latency_text(call),
        plain(call.id),
    )


def _read(server: AnyServer, eval_id: str, project: str | None) -> tuple[CallSchema, list[EvalRow]]:
    """Read an evaluation and its rows, in the order in which they began."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    call = find_call(server, eval_id, project)
    if _op_name(call) != _EVALUATE:
        raise InvalidRequest(
            f"{eval_id!r} is a call of {_op_name(call)}, not an evaluation; weave-lite evals shows "
            "those that there are"
        )
    found = server.calls_query_stream(
        tsi.CallsQueryReq(project_id=call.project_id, filter=tsi.CallsFilter(parent_ids=[call.id]))
    )
    rows = [each for each in found if _op_name(each) in _ROWS]
    examples = _examples(server, [row.inputs.get("example") for row in rows])
    return call, [_row(row, example) for row, example in zip(rows, examples, strict=True)]


def _row(call: CallSchema, example: Any) -> EvalRow:
    from weave_lite.display.eval_compare import EvalRow  # noqa: PLC0415

    given = call.inputs.get("example")
    result = call.output if isinstance(call.output, dict) else {}
    output = result.get("output", result.get("model_output"))
    scores = result.get("scores")
    latency_s = result.get("model_latency")
    if isinstance(given, str) and "/id/" in given:
        key = given.rpartition("/id/")[2]
    else:
        key = digest_canonical(jsontext.canonical(given))
    return EvalRow(
        key,
        example,
        output,
        scores if isinstance(scores, dict) else {},
        latency_s if isinstance(latency_s, int | float) else None,
        call.ended_at is None or call.exception is not None or (output is None and not scores),
        call.id,
    )


def _examples(server: AnyServer, given: list[Any]) -> list[Any]:
    """Read what examples point to; one that cannot be read stays a URI."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    uris = list(dict.fromkeys(each for each in given if isinstance(each, str)))
    values: dict[str, Any] = {}
    for start in range(0, len(uris), 1000):
        part = uris[start : start + 1000]
        try:
            found = server.refs_read_batch(tsi.RefsReadBatchReq(refs=part)).vals
        except WeaveLiteError:
            continue  # deleted, or no refs at all
        values.update(zip(part, found, strict=True))
    return [values.get(each, each) if isinstance(each, str) else each for each in given]


def _count_rows(server: AnyServer, call: CallSchema) -> int:
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    ops = [f"weave:///{call.project_id}/op/{name}:*" for name in _ROWS]
    wanted = tsi.CallsFilter(parent_ids=[call.id], op_names=ops)
    request = tsi.CallsQueryStatsReq(project_id=call.project_id, filter=wanted)
    return server.calls_query_stats(request).count


def _evaluation_name(call: CallSchema) -> str:
    """Name the evaluation; the name of its call is mostly a date and two words."""
    ref = maybe_parse_uri(str(call.inputs.get("self")))
    return ref.name if isinstance(ref, ObjectRef) else ""


def _model_name(server: AnyServer, call: CallSchema) -> str:
    """Name the model that was evaluated, with its version."""
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    ref = maybe_parse_uri(str(call.inputs.get("model")))
    if not isinstance(ref, ObjectRef):
        return str(call.inputs.get("model"))
    request = tsi.ObjReadReq(
        project_id=ref.project_id, object_id=ref.name, digest=ref.digest, metadata_only=True
    )
    try:
        return f"{ref.name}:v{server.obj_read(request).obj.version_index}"
    except WeaveLiteError:
        return ref.name  # deleted


def _op_name(call: CallSchema) -> str:
    return call.op_name.rpartition("/")[2].partition(":")[0]


def _json_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
