"""Every nasty value is stored in its stated form, alone and deep inside plain data."""

from __future__ import annotations

import re

import pytest
from nasty import NASTY

from weave_lite.core import jsontext
from weave_lite.serialize import walk

CASES = [pytest.param(case, id=re.sub(r"\W+", "-", case.name)) for case in NASTY]


def test_the_list_is_long_and_its_names_unique():
    """At least sixty, as the issue asks."""
    assert len({case.name for case in NASTY}) == len(NASTY) >= 60


@pytest.mark.parametrize("case", CASES)
def test_alone(case, store):
    """The stored form is the stated one, and encoding twice gives the same."""
    first = walk.encode(case.make(), store)
    assert case.is_stored_as(jsontext.parse(first.text)), first.text[:300]
    assert walk.encode(case.make(), store).text == first.text


@pytest.mark.parametrize("case", CASES)
def test_inside_plain_data(case, store):
    """A nasty value does not change its neighbours, wherever it stands."""
    value = {"before": [1, "a"], "nasty": [{"x": case.make()}], "after": {"b": (1, 2)}}
    stored = jsontext.parse(walk.encode(value, store).text)
    assert list(stored) == ["before", "nasty", "after"]
    assert (stored["before"], stored["after"]) == ([1, "a"], {"b": [1, 2]})
    assert case.is_stored_as(stored["nasty"][0]["x"])


@pytest.mark.parametrize("case", CASES)
def test_as_a_published_value(case, store):
    """Without redaction the form is the same."""
    text = walk.encode(case.make(), store, redact=False).text
    assert case.is_stored_as(jsontext.parse(text))


def test_a_generator_is_not_consumed(store):
    """What was recorded can still be iterated."""
    generator = (number for number in range(3))
    iterator = iter([1, 2])
    walk.encode([generator, iterator], store)
    assert (list(generator), list(iterator)) == ([0, 1, 2], [1, 2])


def test_a_keyboard_interrupt_passes_through(store):
    """Ctrl-C while a repr runs is the user's, not ours to swallow."""

    class Interrupted:
        def __repr__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk.encode(Interrupted(), store)


def test_a_nearly_full_stack(store):
    """Depth of the value costs no stack: only a handful of frames are needed."""

    def at_the_bottom(left):
        return walk.encode(value, store).text if left == 0 else at_the_bottom(left - 1)

    import inspect
    import sys

    value: list = []
    for _ in range(150):
        value = [value, object()]
    room = sys.getrecursionlimit() - len(inspect.stack()) - 40
    assert at_the_bottom(room).startswith("[[[")


def test_a_container_changed_by_the_repr_of_its_own_item(store):
    """Code of the value that runs in the middle sees a snapshot; nothing crashes."""

    class Clearing:
        def __repr__(self):
            value.clear()
            return "cleared"

    value = {"a": [Clearing(), "z" * 1000], "b": {"c": [1, 2, 3]}}
    stored = jsontext.parse(walk.encode(value, store).text)
    assert stored == {"a": ["cleared", "z" * 1000], "b": {"c": [1, 2, 3]}}
    assert value == {}
