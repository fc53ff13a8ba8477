"""The plugin, run by pytest inside pytest: its fixtures, and that others do not notice it."""

from __future__ import annotations

import pytest

pytest_plugins = "pytester"

OPS = """
import asyncio
import threading
import pytest
import weave_lite as weave

@weave.op
def search(query):
    return [f"about {query}"]

@weave.op
def answer(question):
    return search(question.strip("?"))[0]
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """Run a suite in a process of its own; returns the result."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    # Other plugins take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(body, *options):
        pytester.makepyfile(test_inner=OPS + body)
        return pytester.runpytest_subprocess(
            *("-p", "weave_lite.pytest_plugin", "-p", "no:cacheprovider"),
            *("--strict-markers", "-W", "error"),
            *options,
        )

    return run


def errors(result):
    """What pytest says of a failure, without its mark."""
    return [line[8:] for line in result.outlines if line.startswith("E       ")]


def test_each_test_has_a_store_of_its_own(suite):
    """In memory, in sync mode, and with nothing left of the test before."""
    result = suite(
        """
import os
from weave_lite.trace import settings

@pytest.mark.parametrize("number", range(5))
def test_alone(weave_client, weave_calls, number):
    answer(f"{number}?")
    weave_client.create_call("left open", {})
    assert weave.get_client() is weave_client
    assert settings.current().is_sync
    assert len(weave_calls) == 3
    assert weave_calls.one(answer).inputs == {"question": f"{number}?"}
    assert threading.active_count() == 1
    assert not os.path.exists(".weave")

def test_without(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert weave.get_client() is None
    assert not list(tmp_path.iterdir())

class TestInClass:
    def test_method(self, weave_calls):
        answer("a?")
        weave_calls.assert_tree("answer\\n  search")

@pytest.mark.usefixtures("weave_client")
class TestWithMark:
    def test_method(self):
        assert weave.get_client() is not None
"""
    )
    result.assert_outcomes(passed=8)


def test_async_code_and_threads_are_traced(suite):
    """With nothing but what Python has."""
    suite(
        """
@weave.op
async def nap(n):
    await asyncio.sleep(0.001)
    return answer(f"{n}?")

def test_async(weave_calls):
    async def main():
        await asyncio.gather(nap(1), nap(2))
    asyncio.run(main())
    assert [c.func_name for c in weave_calls if c.parent_id is None] == ["nap", "nap"]
    weave_calls.assert_called(search, times=2)

def test_threads(weave_calls):
    threads = [threading.Thread(target=answer, args=(f"{n}?",)) for n in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert sorted(c.output for c in weave_calls.find(answer)) == [f"about {n}" for n in range(8)]

@pytest.mark.anyio
async def test_with_anyio(weave_calls, anyio_backend):
    await nap(3)
    weave_calls.assert_tree("nap -> 'about 3'\\n  answer\\n    search")

@pytest.fixture
def anyio_backend():
    return "asyncio"
""",
        *("-p", "anyio"),
    ).assert_outcomes(passed=3)


def test_under_xdist(suite):
    """Each process has its stores, and ids and times are those of any order."""
    result = suite(
        """
@pytest.mark.parametrize("number", range(20))
def test_alone(weave_ids, weave_clock, weave_calls, number):
    answer(f"{number}?")
    call = weave_calls.one(answer, inputs={"question": f"{number}?"})
    assert len(weave_calls) == 2
    assert call.id.endswith("01") or call.id.endswith("02")
    # The op is stored with the start of its call, after the look at the clock.
    assert call.started_at.isoformat() == "2024-01-01T00:00:00+00:00"
""",
        *("-p", "xdist", "-n", "2"),
    )
    result.assert_outcomes(passed=20)


def test_ids_count_and_the_clock_steps(suite):
    """The same in whatever order the fixtures are asked for."""
    suite(
        """
def records(calls):
    search("tea")
    call = calls.one(search)
    return call.id[-4:], call.trace_id[-4:], call.started_at.isoformat(), call.ended_at.isoformat()

RECORDS = "0001", "0002", "2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00.002000+00:00"

def test_before(weave_ids, weave_clock, weave_calls):
    assert records(weave_calls) == RECORDS

def test_after(weave_calls, weave_clock, weave_ids):
    assert records(weave_calls) == RECORDS

def test_advance(weave_calls, weave_clock):
    @weave.op
    def slow():
        weave_clock.advance(2.5)
    slow()
    call = weave_calls.one(slow)
    assert (call.ended_at - call.started_at).total_seconds() == 2.502

def test_later(weave_calls):
    search("tea")
    assert weave_calls.one(search).started_at.year > 2024
    assert not weave_calls.one(search).id.startswith("00000000")
"""
    ).assert_outcomes(passed=4)


def test_the_marker_sets_project_and_settings(suite):
    """The nearest one counts; what it does not know is refused by name."""
    result = suite(
        """
from weave_lite.integrations import autopatch
from weave_lite.trace import settings

pytestmark = pytest.mark.weave_lite(project="team/app")

def test_project(weave_client):
    assert weave_client.project_id == "team/app"

@pytest.mark.weave_lite(capture_code=False)
def test_settings(weave_client):
    search("tea")
    assert weave_client.project_id == "local/test"
    assert not settings.current().capture_code

@pytest.mark.weave_lite(autopatch=False)
def test_no_libraries(weave_client):
    assert not autopatch._state.wanted

def test_libraries(weave_client):
    assert set(autopatch._state.wanted) == set(autopatch.LIBRARIES)

@pytest.mark.weave_lite("team/app")
def test_positional(weave_client): pass

@pytest.mark.weave_lite(capture_cod=False)
def test_unknown(weave_client): pass
"""
    )
    result.assert_outcomes(passed=4, errors=2)
    said = "\n".join(errors(result))
    assert (
        "the marker weave_lite takes names only: @pytest.mark.weave_lite(project='local/test')"
        in said
    )
    assert "capture_cod" in said
    result = suite("", "--markers")
    result.stdout.fnmatch_lines(
        ["@pytest.mark.weave_lite(project='local/test', autopatch=True, [*][*]settings): *"]
    )


def test_a_failed_tree_shows_the_difference(suite):
    """At the line of the test, with no frame of ours."""
    result = suite(
        """
def test_tree(weave_calls):
    answer("tea?")
    weave_calls.assert_tree('''
        answer(question='tea?')
          search -> ['about coffee']
          rank
    ''')
"""
    )
    result.assert_outcomes(failed=1)
    assert errors(result) == [
        "AssertionError: the calls form another tree (- expected, + traced):",
        "  answer(question='tea?')",
        "-   search -> ['about coffee']",
        "+   search(query='tea') -> ['about tea']",
        "-   rank",
    ]
    assert "traced_calls.py" not in result.stdout.str()


def test_a_failed_assert_called_shows_what_was_called(suite):
    """Near names, and other inputs."""
    result = suite(
        """
def test_name(weave_calls):
    answer("tea?")
    weave_calls.assert_called("serch")

def test_inputs(weave_calls):
    answer("tea?")
    weave_calls.assert_called(search, inputs={"query": "coffee"})

def test_times(weave_calls):
    answer("tea?")
    weave_calls.assert_called(search, times=2)

def test_one(weave_calls):
    weave_calls.one(search)
"""
    )
    result.assert_outcomes(failed=4)
    assert errors(result) == [
        "AssertionError: expected calls of serch: at least 1, traced: 0; did you mean search?",
        "all that was traced:",
        "  answer(question='tea?') -> 'about tea'",
        "    search(query='tea') -> ['about tea']",
        "AssertionError: expected calls of search with query='coffee': at least 1, traced: 0",
        "with other inputs:",
        "  search(query='tea') -> ['about tea']",
        "    query is 'tea', not 'coffee'",
        "AssertionError: expected calls of search: 2, traced: 1",
        "  search(query='tea') -> ['about tea']",
        "AssertionError: expected calls of search: 1, traced: 0",
        "nothing was traced: is the function decorated with @weave.op, and was it called?",
    ]
    assert "traced_calls.py" not in result.stdout.str()


def test_a_fixture_of_wider_scope_is_told(suite):
    """Pytest refuses it by name; `memory_client` is there for such fixtures."""
    result = suite(
        """
from weave_lite.testing import TracedCalls, memory_client

@pytest.fixture(scope="class")
def wide(weave_client):
    yield weave_client

@pytest.fixture(scope="module")
def shared_calls():
    with memory_client("team/shared") as client:
        yield TracedCalls(client)

class TestWide:
    def test_wide(self, wide): pass

def test_first(shared_calls):
    answer("a?")

def test_own(shared_calls, weave_calls):
    answer("b?")
    assert len(weave_calls) == 2

def test_second(shared_calls):
    assert [call.inputs for call in shared_calls.find(answer)] == [{"question": "a?"}]
"""
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "ScopeMismatch: You tried to access the function scoped fixture weave_client with a class *"
        ]
    )


def test_code_that_calls_init_traces_into_the_store_of_the_test(suite):
    """And makes no file."""
    result = suite(
        """
from pathlib import Path

def app():
    weave.init("app")
    answer("tea?")
    weave.finish()

def test_app(weave_calls):
    app()
    app()
    assert weave_calls.find(answer)[1].project_id == "local/app"
    weave_calls.assert_called(search, times=2)
    assert not Path(".weave").exists()

def test_nothing_is_left(weave_client):
    assert len(weave_client.get_calls()) == 0
    assert weave.get_client() is weave_client
"""
    )
    result.assert_outcomes(passed=2)


def test_a_suite_that_does_not_use_it_loads_nothing(pytester, monkeypatch):
    """Only the root of the package and the plugin itself."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(
        """
        import sys
        before = set(sys.modules)

        def test_modules():
            ours = {name for name in before if name.startswith("weave_lite")}
            assert ours == {"weave_lite", "weave_lite.core", "weave_lite.core.version", "weave_lite.pytest_plugin"}
            heavy = {"pydantic", "pydantic_core", "sqlalchemy", "sqlite3", "orjson", "typer", "alembic"}
            assert heavy & before == set()
        """
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "weave_lite.pytest_plugin")
    result.assert_outcomes(passed=1)
