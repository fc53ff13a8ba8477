"""What the state machine of the store sends: small values that meet often, queries over them, and
the order that a sort asks for.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from store_model import digest_of, value_digest
from trace_server.query.reference import (
    MISSING,
    as_stored,
    feedback_values,
    field,
    number_of,
    text_of,
)

PROJECTS = ["acme/one", "acme/two"]
EPOCH = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
MODELS = ["mine-1", "mine-1", "mine-2"]
LONG = "long " * 25

# Objects: an op by the name of f, objects by the others; values hold no refs.
OBJECTS = [0, "text", {"k": 1}, {"k": "text", "deep": {"k": 2}}, {"_ref": "kept", "k": 3}]
OPS = [{"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "v": n} for n in range(2)]
OBJECT_NAMES = ["x", "y", "f"]
projects = st.sampled_from(PROJECTS)
object_names = st.sampled_from(OBJECT_NAMES)
OBJECT_REFS = [
    f"weave:///{project}/object/{name}:{value_digest(value)}"
    for project in PROJECTS
    for name, value in (("x", OBJECTS[2]), ("x", OBJECTS[0]), ("y", OBJECTS[3]), ("y", OBJECTS[4]))
]
CALL_REF = "weave:///acme/one/call/1"

# Texts and numbers that an index on keys or on text could mix up.
SCALARS = [
    *(None, True, False, 0, 1, 2.5, 1e-07, 2e-07, -3),
    *("", "1", "2.50", "true", "text", "a text", "Text", "te_t", "größe", LONG + "a", LONG + "b"),
]
scalars = st.sampled_from(SCALARS)
values = st.one_of(
    scalars,
    st.sampled_from(OBJECT_REFS),
    st.sampled_from([{"k": 1}, {"k": "text"}, {"k": None}, [1, "text"], [], {}, CALL_REF]),
)
ids = st.sampled_from(["1", "2", "3", "4", "5"])
dates = st.sampled_from([0, 1, 1000, 1_500_000, 2_000_999]).map(
    lambda micros: EPOCH + dt.timedelta(microseconds=micros)
)
tokens = st.integers(0, 3)
usages = st.dictionaries(
    st.sampled_from([*MODELS, "nobody-knows"]),
    st.one_of(
        st.fixed_dictionaries({"prompt_tokens": tokens, "completion_tokens": tokens}),
        st.fixed_dictionaries({"input_tokens": tokens}, optional={"requests": tokens}),
    ),
    min_size=1,
    max_size=2,
)
summaries = st.fixed_dictionaries(
    {"usage": st.just({}) | usages},
    optional={
        "n": scalars,
        "weave": st.sampled_from([{"kept": 1}, {"status": "mine", "latency_ms": 7, "k": "text"}]),
    },
)
starts = st.fixed_dictionaries(
    {
        "trace_id": st.sampled_from(["t", "u"]),
        "parent_id": st.none() | ids,
        "thread_id": st.sampled_from([None, "th"]),
        "turn_id": st.sampled_from([None, "tu"]),
        "op_name": st.sampled_from(
            ["op", "op_b", "weave:///acme/one/op/f:D1", "weave:///acme/one/op/f:D2"]
        ),
        "display_name": st.sampled_from([None, "n1", "text"]),
        "started_at": dates,
        "attributes": st.fixed_dictionaries({"s": st.sampled_from([0, "text", True])}),
        "inputs": st.fixed_dictionaries({}, optional={"v": values, "w": values, "a.b": values}),
        "wb_user_id": st.sampled_from(["ada", "bob"]),
        "wb_run_id": st.sampled_from([None, "r"]),
    }
)
ends = st.fixed_dictionaries(
    {
        "ended_at": dates,
        "exception": st.sampled_from([None, "boom"]),
        "output": values,
        "summary": summaries,
    }
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "op_names": st.lists(
            st.sampled_from(["op", "op_b", "o:*", "weave:///acme/one/op/f:*"]), max_size=2
        ),
        "input_refs": st.lists(st.sampled_from(OBJECT_REFS), max_size=2),
        "output_refs": st.lists(st.sampled_from(OBJECT_REFS), max_size=2),
        "parent_ids": st.lists(ids, max_size=2),
        "trace_ids": st.just(["t"]),
        "call_ids": st.lists(ids, max_size=3),
        "thread_ids": st.just(["th"]),
        "turn_ids": st.just(["tu"]),
        "wb_user_ids": st.just(["ada"]),
        "wb_run_ids": st.just(["r"]),
        "trace_roots_only": st.just(True),
    },
).filter(lambda given: len(given) < 4)

# --- feedback, tables, files ---

RUNNABLE = "wandb.runnable.x"
payloads = st.fixed_dictionaries({}, optional={"k": scalars, "deep": st.just({"k": "text"})})
feedback = st.one_of(
    st.fixed_dictionaries({"feedback_type": st.just("mine"), "payload": payloads}),
    st.fixed_dictionaries(
        {
            "feedback_type": st.just(RUNNABLE),
            "payload": scalars.map(lambda value: {"output": value}),
            "runnable_ref": st.sampled_from(OBJECT_REFS[:2]),
        }
    ),
    st.just({"feedback_type": "wandb.note.1", "payload": {"note": "text"}}),
)
rows = st.lists(
    st.sampled_from([{"k": 1}, {"k": "text"}, {"k": "2"}, {"deep": {"k": 3}}, {"k": None}, {}]),
    max_size=4,
)
positions = st.integers(0, 4)
FILES = [b"", b"hello", bytes(range(256)) * 40]
FILE_DIGESTS = [digest_of(content) for content in FILES]

prices = st.dictionaries(
    st.sampled_from(MODELS),
    st.fixed_dictionaries(
        {
            "prompt_token_cost": st.sampled_from([0.25, 0.5]),
            "completion_token_cost": st.sampled_from([1.0, 2.0]),
            "effective_date": dates,
            "provider_id": st.sampled_from([None, "mine"]),
        }
    ),
    min_size=1,
)

# --- queries ---

INDEXES = ["inputs", "output", "inputs.v", "inputs.v.k", "inputs.a.b", "output.k", "summary.n"]
INDEXES += ["attributes.s"]
BELOW_CALLS = [
    *("inputs.v", "inputs.v.k", "inputs.w", "inputs.a.b", "output", "output.k", "attributes.s"),
    *("summary.n", "summary.weave.kept", "summary.weave.k"),
    *("feedback.[mine].payload.k", f"feedback.[{RUNNABLE}].payload.output"),
    f"feedback.[{RUNNABLE}].runnable_ref",
]
TEXTS_OF_CALLS = ["id", "op_name", "parent_id", "display_name", "exception", "wb_user_id"]
TEXTS_OF_CALLS += ["wb_run_id", "thread_id", "trace_id"]
DERIVED = ["summary.weave.status", "summary.weave.latency_ms", "summary.weave.trace_name"]
CALL_FIELDS = [*BELOW_CALLS, *BELOW_CALLS, *TEXTS_OF_CALLS, *DERIVED, "inputs", "started_at"]
FEEDBACK_FIELDS = [
    "id",
    "weave_ref",
    "feedback_type",
    "runnable_ref",
    "payload.k",
    "payload.deep.k",
]
COST_FIELDS = ["id", "llm_id", "provider_id", "prompt_token_cost"]
# A part of a text ends within a word as well as at its ends.
parts_of_text = st.sampled_from(["text", "ex", "TEXT", "te_", "GRÖ", "", "k", '"k"', LONG + "a"])
literals = scalars.map(lambda value: {"$literal": value})


def expressions(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Random conditions over fields."""
    nodes = st.sampled_from(fields).map(lambda name: {"$getField": name})
    converted = st.builds(
        lambda node, to: {"$convert": {"input": node, "to": to}},
        nodes,
        st.sampled_from(["int", "double", "string", "bool", "exists"]),
    )
    sides = st.one_of(nodes, nodes, nodes, converted, literals)
    comparisons = st.one_of(
        st.builds(
            lambda name, left, right: {name: [left, right]},
            st.sampled_from(["$eq", "$eq", "$gt", "$gte"]),
            sides,
            st.one_of(literals, literals, sides),
        ),
        st.builds(
            lambda left, right: {"$in": [left, right]}, sides, st.lists(literals, max_size=3)
        ),
        st.builds(
            lambda node, text, is_folded: {
                "$contains": {
                    "input": node,
                    "substr": {"$literal": text},
                    "case_insensitive": is_folded,
                }
            },
            nodes,
            parts_of_text,
            st.booleans(),
        ),
    )
    return st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$and": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
            inner.map(lambda part: {"$not": [part]}),
        ),
        max_leaves=3,
    )


def sorts(fields: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Up to two fields to sort by."""
    one = st.fixed_dictionaries(
        {"field": st.sampled_from(fields), "direction": st.sampled_from(["asc", "desc"])}
    )
    return st.lists(one, max_size=2)


limits = st.sampled_from([None, None, 0, 1, 2, 3])
SORT_FIELDS = [*BELOW_CALLS, *TEXTS_OF_CALLS, *DERIVED, "started_at", "ended_at"]
call_queries = st.fixed_dictionaries(
    {
        "filter": st.none() | filters,
        "expr": st.none() | expressions(CALL_FIELDS),
        "sort_by": sorts(SORT_FIELDS),
        "limit": limits,
        "offset": limits,
    }
)
feedback_queries = st.fixed_dictionaries(
    {
        "expr": st.none() | expressions(FEEDBACK_FIELDS),
        "sort_by": sorts([*FEEDBACK_FIELDS, "created_at"]),
        "limit": limits,
        "offset": limits,
    }
)


# --- orders ---


def json_rank(value: Any) -> tuple[int, Any]:
    """Numbers and texts that are numbers, by value; then other texts; then nothing."""
    if value is MISSING:
        return 2, 0
    if isinstance(value, str) and number_of(value) is not None:
        value = number_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, as_stored(value)
    return 1, text_of(value)


def rank(row: dict[str, Any], name: str) -> tuple[int, Any]:
    """The group and the place in it of a row by a field; group 2 comes last in both directions."""
    if name.startswith("feedback."):
        return json_rank(feedback_values(row, name)[-1])
    if "." in name and name not in DERIVED or name == "output":
        return json_rank(field(row, name))
    value = row[name] if name in row else field(row, name)
    return (0, value) if isinstance(value, str | int | float) else (2, 0)


def ordered(rows: list[Any], sort_by: list[dict[str, str]], default: str) -> list[Any]:
    """Sort rows, which stand in the order of the tie breaker."""
    for one in reversed(sort_by or [{"field": default, "direction": "asc"}]):
        groups: tuple[list[Any], ...] = ([], [], [])
        ranks = [rank(row, one["field"]) for row in rows]
        for (group, key), row in zip(ranks, rows, strict=True):
            groups[group].append((key, row))
        is_descending = one["direction"] == "desc"
        for group in groups:
            group.sort(key=lambda pair: pair[0], reverse=is_descending)
        rows = [row for group in groups for _, row in group]
    return rows
