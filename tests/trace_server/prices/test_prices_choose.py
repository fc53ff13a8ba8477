"""Which of several prices holds for a call."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.clock import to_micros
from weave_lite.trace_server.prices.choose import Price, choose


def year(number):
    return to_micros(dt.datetime(number, 1, 1, tzinfo=dt.UTC))


def price(level="project", effective=0, created=0, price_id="a", provider="default"):
    return Price(
        id=price_id,
        level=level,
        level_id="default" if level == "default" else "team/project",
        provider_id=provider,
        llm_id="m",
        effective_date=effective,
        prompt_token_cost=1.0,
        completion_token_cost=2.0,
        prompt_token_cost_unit="USD",
        completion_token_cost_unit="USD",
        cache_read_input_token_cost=None,
        cache_creation_input_token_cost=None,
        created_by=None,
        created_at=created,
    )


def oracle(candidates, started_at):
    """Narrow the candidates down, one rule after the other."""
    left = [one for one in candidates if one.effective_date <= started_at] or candidates
    left = [one for one in left if one.level == "project"] or left
    newest = max(one.effective_date for one in left)
    left = [one for one in left if one.effective_date == newest]
    last = max(one.created_at for one in left)
    left = [one for one in left if one.created_at == last]
    return sorted(left, key=lambda one: one.id)[-1]


# Few instants, so that equal ones and both sides of the start come often.
instants = st.integers(0, 5)
prices = st.builds(
    price,
    level=st.sampled_from(["project", "default"]),
    effective=instants,
    created=instants,
    price_id=st.sampled_from("abcdef"),
    provider=st.sampled_from(["default", "openai"]),
)


@given(
    candidates=st.lists(prices, min_size=1, max_size=8, unique_by=lambda one: one.id),
    started_at=instants,
)
def test_choose_agrees_with_the_rules_applied_one_by_one(candidates, started_at):
    """Another way to write the rule gives the same price."""
    assert choose(candidates, started_at) == oracle(candidates, started_at)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([("project", 2023), ("default", 2024)], ("project", 2023)),
        ([("project", 2025), ("default", 2023)], ("default", 2023)),
        ([("project", 2025)], ("project", 2025)),
        ([("default", 2023), ("default", 2024)], ("default", 2024)),
        ([("project", 2022), ("project", 2023)], ("project", 2023)),
    ],
)
def test_documented_examples(candidates, chosen):
    """The five documented cases, for a call of 2024, in every order of the rows."""
    rows = [price(level, year(number)) for level, number in candidates]
    expected = price(chosen[0], year(chosen[1]))
    assert {choose(order, year(2024)) for order in permutations(rows)} == {expected}


def test_no_candidates_give_no_price():
    """Unknown is None, not free."""
    assert choose([], year(2024)) is None


def test_a_price_holds_from_its_very_instant():
    """The effective date itself belongs to the price, the microsecond before does not."""
    old, new = price(effective=10, price_id="old"), price(effective=20, price_id="new")
    assert [choose([old, new], at) for at in (19, 20)] == [old, new]


def test_of_prices_in_the_future_the_projects_is_taken():
    """When none is in effect the other rules still order them."""
    own, later_default = price(effective=5), price("default", effective=9)
    assert choose([later_default, own], 1) == own


def test_the_later_created_wins_and_then_the_later_id():
    """Prices of one date: the correction holds, whatever order the rows come in."""
    first = price(created=1, price_id="c")
    second, third = price(created=2, price_id="a"), price(created=2, price_id="b")
    orders = permutations([first, second, third])
    assert {choose(order, 1) for order in orders} == {third}
