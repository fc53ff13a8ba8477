"""The compiler against the reference, on hostile rows and random queries."""

from __future__ import annotations

from typing import Any

from conditions import conditions
from hypothesis import assume, given, note
from hypothesis import strategies as st
from reference import NotSaid, evaluate

from weave_lite.core.clock import from_micros
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "A",
        "true",
        "True",
        "FALSE",
        "null",
        "10",
        " 10 ",
        "1e2",
        "-0",
        "007",
        "0x10",
        "nan",
        "NaN",
        "Infinity",
        "1_000",
        "5.5",
        "9007199254740993",
        "[1]",
        '{"a":1}',
        'say "x"',
        "it's",
        "back\\slash",
        "100%",
        "under_score",
        "*?[a]",
        "İstanbul",
        "straße",
        "日本",
        "line\nend",
        "2024-03-01T10:00:00",
        "2024-03-01",
        "gpt-4",
        "the gpt-4 model",
        "\U0001f600",
    ]
)
NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, -1, 2, 10, 2.0, 0.5, -0.0, 1e-07, 1e16, 1e300, 2**53 + 1, 2**62, -(2**63)]
    ),
    st.integers(-20, 120),
    st.floats(-1e6, 1e6, allow_nan=False, width=32),
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
KEYS = st.sampled_from(["a", "b", "0", "1", "a.b", "b.0", 'q"q', "with space", "ünï", "$", "[0]"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
MICROS = st.sampled_from([0, 1_709_287_200_000_000, 1_709_287_200_500_000, 1_709_290_000_123_456])
OP_NAMES = st.sampled_from(
    ["op", "gpt-4", "weave:///acme/demo/op/predict:AbC", "weave:///acme/demo/op/predict_more:D"]
)
RUNNABLE = "wandb.runnable.s"
FEEDBACK = st.one_of(
    st.fixed_dictionaries(
        {"feedback_type": st.just("mine"), "payload": OBJECTS, "runnable_ref": st.none()}
    ),
    st.fixed_dictionaries(
        {
            "feedback_type": st.just(RUNNABLE),
            "payload": st.builds(lambda output: {"output": output}, VALUES),
            "runnable_ref": st.sampled_from(
                ["weave:///acme/demo/object/s:A", "weave:///acme/demo/object/s:B"]
            ),
        }
    ),
)
ROWS = st.fixed_dictionaries(
    {
        "op_name": OP_NAMES,
        "parent_id": st.one_of(st.none(), TEXTS.filter(lambda text: text and "\n" not in text)),
        "display_name": st.one_of(st.none(), TEXTS.filter(bool)),
        "exception": st.one_of(st.none(), TEXTS.filter(bool)),
        # The server fills in the user of a call that names none.
        "wb_user_id": TEXTS,
        "started_at": MICROS,
        "ended_at": st.one_of(st.none(), MICROS),
        "inputs": OBJECTS,
        "output": VALUES,
        "attributes": OBJECTS,
        "summary": OBJECTS,
        "feedback": st.lists(FEEDBACK, max_size=3),
    }
)
PATHS = st.lists(
    st.sampled_from(["a", "b", "0", "1", 'q"q', "with space", "ünï", "$", "[0]"]),
    min_size=1,
    max_size=3,
)
FIELDS = st.one_of(
    st.sampled_from(
        [
            "op_name",
            "parent_id",
            "display_name",
            "exception",
            "wb_user_id",
            "started_at",
            "ended_at",
            "output",
            "inputs",
            "summary.weave.status",
            "summary.weave.latency_ms",
            "summary.weave.trace_name",
        ]
    ),
    st.builds(
        lambda column, parts: ".".join([column, *parts]),
        st.sampled_from(["inputs", "inputs", "output", "attributes", "summary"]),
        PATHS,
    ),
    st.sampled_from(
        [
            f"feedback.[{RUNNABLE}].payload.output",
            f"feedback.[{RUNNABLE}].payload.output.a",
            f"feedback.[{RUNNABLE}].payload",
            f"feedback.[{RUNNABLE}].runnable_ref",
            "feedback.[nobody's].payload.a",
        ]
    ),
    st.builds(lambda parts: ".".join(["feedback.[mine].payload", *parts]), PATHS),
)
OPERATIONS = conditions(FIELDS, SCALARS)


def store(server: SqliteTraceServer, rows: list[dict[str, Any]]) -> None:
    """Store rows as calls ``0``, ``1`` and so on."""
    for number, row in enumerate(rows):
        names = ("op_name", "parent_id", "display_name", "wb_user_id", "inputs", "attributes")
        start = {name: row[name] for name in names}
        server.call_start(
            tsi.CallStartReq(
                start=tsi.StartedCallSchemaForInsert(
                    project_id=PROJECT,
                    id=str(number),
                    trace_id="t",
                    started_at=from_micros(row["started_at"]),
                    **start,
                )
            )
        )
        if row["ended_at"] is not None:
            server.call_end(
                tsi.CallEndReq(
                    end=tsi.EndedCallSchemaForInsert(
                        project_id=PROJECT,
                        id=str(number),
                        ended_at=from_micros(row["ended_at"]),
                        exception=row["exception"],
                        output=row["output"],
                        summary=row["summary"],
                    )
                )
            )


def store_feedback(server: SqliteTraceServer, rows: list[dict[str, Any]]) -> None:
    """Store the feedback on calls ``0``, ``1`` and so on."""
    batch = [
        tsi.FeedbackCreateReq(
            project_id=PROJECT, weave_ref=f"weave:///{PROJECT}/call/{number}", **feedback
        )
        for number, row in enumerate(rows)
        for feedback in row["feedback"]
    ]
    server.feedback_create_batch(tsi.FeedbackCreateBatchReq(batch=batch))


def as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """A running call has none of the fields of its end."""
    if row["ended_at"] is not None:
        return row
    return {**row, "exception": None, "output": None, "summary": {}}


@given(rows=st.lists(ROWS, min_size=1, max_size=4), operation=OPERATIONS)
def test_finds_what_the_reference_finds(rows: list[dict[str, Any]], operation: Any) -> None:
    """A query finds exactly the rows for which the reference says true, and counts as many."""
    rows = [as_stored(row) for row in rows]
    try:
        expected = [str(n) for n, row in enumerate(rows) if evaluate(row, operation) is True]
    except NotSaid:
        assume(False)
    note(f"expected {expected}")
    with SqliteTraceServer(":memory:") as server:
        store(server, rows)
        store_feedback(server, rows)
        query = {"project_id": PROJECT, "query": {"$expr": operation}}
        sort = [{"field": "id", "direction": "asc"}]
        found = server.calls_query(tsi.CallsQueryReq.model_validate({**query, "sort_by": sort}))
        count = server.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(query)).count
    assert [call.id for call in found.calls] == expected
    assert count == len(expected)


def sort_rank(value: Any) -> tuple[int, Any]:
    """The order of JSON values: numbers and numeric texts by value, then texts, then nothing."""
    from reference import MISSING, as_stored, number_of, text_of

    if value is MISSING:
        return 2, 0
    if isinstance(value, str) and number_of(value) is not None:
        value = number_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, as_stored(value)
    return 1, text_of(value)


@given(
    outputs=st.lists(VALUES, min_size=1, max_size=6),
    parts=st.one_of(st.just([]), PATHS.filter(lambda parts: len(parts) < 2)),
    descending=st.booleans(),
)
def test_sorts_as_the_reference_sorts(
    outputs: list[Any], parts: list[str], descending: bool
) -> None:
    """Values come in the order of their rank; what has none comes last in both directions."""
    from reference import field

    template = dict.fromkeys(("parent_id", "display_name", "exception")) | {"wb_user_id": "u"}
    rows = [
        {
            **template,
            "op_name": "op",
            "started_at": 0,
            "ended_at": 1,
            "inputs": {},
            "attributes": {},
            "summary": {},
            "output": output,
        }
        for output in outputs
    ]
    name = ".".join(["output", *parts])
    ranks = [sort_rank(field(row, name)) for row in rows]
    numbers = sorted(range(len(rows)), key=lambda n: n)
    by_value = sorted(
        (n for n in numbers if ranks[n][0] == 0), key=lambda n: ranks[n][1], reverse=descending
    )
    by_text = sorted(
        (n for n in numbers if ranks[n][0] == 1), key=lambda n: ranks[n][1], reverse=descending
    )
    nothing = [n for n in numbers if ranks[n][0] == 2]
    expected = [ranks[n] for n in [*by_value, *by_text, *nothing]]
    with SqliteTraceServer(":memory:") as server:
        store(server, rows)
        req = tsi.CallsQueryReq.model_validate(
            {
                "project_id": PROJECT,
                "sort_by": [{"field": name, "direction": "desc" if descending else "asc"}],
            }
        )
        found = [int(call.id) for call in server.calls_query(req).calls]
    assert [ranks[n] for n in found] == expected
    assert sorted(found) == numbers


@given(
    lists=st.lists(st.lists(VALUES, max_size=3), min_size=1, max_size=6),
    descending=st.booleans(),
)
def test_sorts_by_the_newest_feedback(lists: list[list[Any]], descending: bool) -> None:
    """A call goes by its newest feedback; one that has none comes last in both directions."""
    from reference import feedback_values

    name = "feedback.[mine].payload.a"
    template = dict.fromkeys(("parent_id", "display_name", "exception")) | {"wb_user_id": "u"}
    documents = {"inputs": {}, "attributes": {}, "summary": {}, "output": None}
    times = {"op_name": "op", "started_at": 0, "ended_at": 1}
    rows = [
        {
            **template,
            **documents,
            **times,
            "feedback": [{"feedback_type": "mine", "payload": {"a": value}} for value in values],
        }
        for values in lists
    ]
    ranks = [sort_rank(feedback_values(row, name)[-1]) for row in rows]
    groups = [sorted((r for r in ranks if r[0] == n), reverse=descending) for n in range(2)]
    expected = [*groups[0], *groups[1], *(rank for rank in ranks if rank[0] == 2)]
    with SqliteTraceServer(":memory:") as server:
        store(server, rows)
        store_feedback(server, rows)
        sort = [{"field": name, "direction": "desc" if descending else "asc"}]
        req = tsi.CallsQueryReq.model_validate({"project_id": PROJECT, "sort_by": sort})
        found = [int(call.id) for call in server.calls_query(req).calls]
    assert [ranks[n] for n in found] == expected
    assert sorted(found) == list(range(len(rows)))
