"""Random sentences of the query language, over the fields and values of a test."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def conditions(
    fields: st.SearchStrategy[str], scalars: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Operations of every kind, up to four comparisons in one."""
    nodes = st.builds(lambda name: {"$getField": name}, fields)
    literals = st.builds(lambda value: {"$literal": value}, scalars)
    converted = st.builds(
        lambda node, to: {"$convert": {"input": node, "to": to}},
        st.one_of(nodes, literals),
        st.sampled_from(["int", "double", "string", "bool", "exists"]),
    )
    return st.recursive(
        _comparisons(st.one_of(nodes, nodes, literals, converted)),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"$and": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: {"$or": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"$not": [part]}, inner),
            st.builds(lambda part, flag: {"$eq": [part, {"$literal": flag}]}, inner, st.booleans()),
        ),
        max_leaves=4,
    )


def _comparisons(operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(
            lambda name, left, right: {name: [left, right]},
            st.sampled_from(["$eq", "$eq", "$gt", "$gte"]),
            operands,
            operands,
        ),
        st.builds(
            lambda left, right: {"$in": [left, right]}, operands, st.lists(operands, max_size=3)
        ),
        st.builds(
            lambda text, part, folded: {
                "$contains": {"input": text, "substr": part, "case_insensitive": folded}
            },
            operands,
            operands,
            st.booleans(),
        ),
    )
