"""Finding and asserting what was traced, and the messages when it was not."""

from __future__ import annotations

import asyncio
from unittest.mock import ANY

import pytest

import weave_lite as weave
from weave_lite.core.errors import UsageError
from weave_lite.testing import TracedCalls, memory_client


class Agent(weave.Object):
    prefix: str = "on"

    @weave.op
    def search(self, query, limits=(1, 2)):
        return [f"{self.prefix} {query}"]


@weave.op
def answer(question, agent):
    return agent.search(question.strip("?"))[0]


@weave.op(name="odd name")
def odd(x):
    return x


@weave.op
def fail():
    raise ValueError("no")


@pytest.fixture
def calls():
    with memory_client() as client:
        yield TracedCalls(client)


def failure(assertion, *args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        assertion(*args, **kwargs)
    return str(caught.value).splitlines()


def test_an_op_is_named_by_itself_its_name_or_its_uri(calls):
    """Of a method the class may be left out; a URI may leave the version open."""
    agent = Agent()
    answer("tea?", agent)
    (search,) = calls.find("search")
    assert search.func_name == "Agent.search"
    for name in (
        Agent.search,
        agent.search,
        "Agent.search",
        search.op_name,
        search.op_name.rpartition(":")[0] + ":*",
    ):
        assert [call.id for call in calls.find(name)] == [search.id], name
    assert calls.find("arch") == calls.find("weave:///local/test/op/search:*") == []
    odd(1)
    assert calls.one(odd).id == calls.one("odd-name").id == calls.one("odd name").id


def test_find_takes_a_subset_of_the_inputs(calls):
    """Equal as the wanted value says; objects of ours by their version."""
    agent = Agent()
    answer("tea?", agent)
    answer("tin?", agent)
    found = calls.find(answer, inputs={"question": "tea?"})
    assert [call.inputs["question"] for call in found] == ["tea?"]
    assert len(calls.find(answer, inputs={"question": ANY})) == 2
    assert len(calls.find(inputs={"agent": agent})) == 2
    assert len(calls.find("search", inputs={"self": agent, "query": "tin"})) == 1
    assert calls.find(answer, inputs={"agent": Agent(prefix="off")}) == []
    assert calls.find(answer, inputs={"missing": None}) == []
    odd({"values": 0.1 + 0.2})
    odd((1, (2, 3)))
    assert len(calls.find(odd, inputs={"x": {"values": pytest.approx(0.3)}})) == 1
    assert len(calls.find(odd, inputs={"x": (1, (2, 3))})) == 1
    assert calls.find(odd, inputs={"x": (1, (2, 4))}) == []
    odd({"tags": {"b", "a"}, "pair": (1, 2)})
    assert len(calls.find(odd, inputs={"x": {"tags": {"a", "b"}, "pair": (1, 2)}})) == 1
    assert calls.find(odd, inputs={"x": {"tags": {"a", "b"}}}) == []
    assert len(calls.find(answer, inputs={"agent": Agent(prefix="on")})) == 2


def test_arrays_are_compared_as_a_whole(calls):
    """Their own equality is a value per element."""
    numpy = pytest.importorskip("numpy")
    odd(numpy.array([1, 2]))
    assert len(calls.find(odd, inputs={"x": numpy.array([1, 2])})) == 1
    assert calls.find(odd, inputs={"x": numpy.array([1, 3])}) == []
    assert calls.find(odd, inputs={"x": numpy.array([1, 2, 3])}) == []


def test_they_are_a_collection_in_order_of_start(calls):
    """Looked at anew each time."""
    assert (len(calls), list(calls), repr(calls)) == (0, [], "<TracedCalls: 0 calls>")
    odd(1)
    answer("a?", Agent())
    assert [call.func_name for call in calls][1:] == ["answer", "Agent.search"]
    assert len(calls) == 3


def test_tree(calls):
    """All of it, or what is below a call."""
    with pytest.raises(ValueError):
        fail()
    odd(1)
    assert calls.tree() == "fail() raises ValueError: no\nodd-name(x=1) -> 1"
    assert calls.tree(calls.one(odd)) == "odd-name(x=1) -> 1"


def test_nothing_was_traced(calls):
    """The message asks for the two usual reasons."""
    assert failure(calls.assert_called, answer) == [
        "expected calls of answer: at least 1, traced: 0",
        "nothing was traced: is the function decorated with @weave.op, and was it called?",
    ]


def test_a_name_that_nearly_fits_is_offered(calls):
    """And the tree of what was traced."""
    odd(1)
    with pytest.raises(ValueError):
        fail()
    assert failure(calls.assert_called, "fial", inputs={"x": 1}) == [
        "expected calls of fial with x=1: at least 1, traced: 0; did you mean fail?",
        "all that was traced:",
        "  odd-name(x=1) -> 1",
        "  fail() raises ValueError: no",
    ]


def test_calls_with_other_inputs_are_shown_the_nearest_first(calls):
    """With what they have in place of what was wanted."""
    agent = Agent()
    agent.search("tin", limits=3)
    agent.search("tea", limits=3)
    lines = failure(calls.assert_called, "search", inputs={"query": "tea", "limits": 4, "no": 1})
    assert (
        lines[0]
        == "expected calls of search with query='tea', limits=4, no=1: at least 1, traced: 0"
    )
    assert lines[1] == "with other inputs:"
    assert "query='tea', limits=3) -> ['on tea']" in lines[2]
    assert lines[3] == "    limits is 3, not 4; has no input 'no'"
    assert lines[5] == "    query is 'tin', not 'tea'; limits is 3, not 4; has no input 'no'"


def test_the_wrong_number_of_calls_shows_them(calls):
    """Zero means: not at all."""
    odd(1)
    odd(2)
    calls.assert_called(odd, times=2)
    calls.assert_called(odd, times=1, inputs={"x": 2})
    calls.assert_called(fail, times=0)
    assert failure(calls.assert_called, odd, times=0) == [
        "expected calls of odd name: 0, traced: 2",
        "  odd-name(x=1) -> 1",
        "  odd-name(x=2) -> 2",
    ]
    assert failure(calls.one, inputs={"x": ANY}) == [
        "expected calls with x=<ANY>: 1, traced: 2",
        "  odd-name(x=1) -> 1",
        "  odd-name(x=2) -> 2",
    ]


def test_assert_tree(calls):
    """Names alone, or as much as matters; the difference is shown else."""
    agent = Agent()
    answer("tea?", agent)
    calls.assert_tree("""
        answer -> 'on tea'
          Agent.search
    """)
    calls.assert_tree("Agent.search -> ['on tea']", calls.one("search"))
    lines = failure(calls.assert_tree, "answer\n  Agent.search -> []\n  odd")
    assert lines[:3] == [
        "the calls form another tree (- expected, + traced):",
        "  answer",
        "-   Agent.search -> []",
    ]
    assert lines[3].endswith("query='tea', limits=[1, 2]) -> ['on tea']")
    assert lines[4:] == ["-   odd"]


def test_misuse_is_told(calls):
    """What is no op, and what is no tree."""
    with pytest.raises(
        UsageError, match="op must be an op, the name of one or its URI, not <function"
    ):
        calls.assert_called(lambda: None)
    with pytest.raises(UsageError, match="expected must be a text with a line per call, not list"):
        calls.assert_tree(["answer"])


def test_async_ops_and_threads_are_seen(calls):
    """In the trees that they belong to."""

    @weave.op
    async def nap(n):
        await asyncio.sleep(0)
        return n

    @weave.op
    async def naps():
        await asyncio.gather(nap(1), nap(2))

    @weave.op
    def pooled():
        with weave.ThreadPoolExecutor() as pool:
            return list(pool.map(odd, [1, 2]))

    asyncio.run(naps())
    pooled()
    calls.assert_tree("naps\n  nap -> 1\n  nap -> 2\npooled\n  odd-name\n  odd-name")


def test_what_init_in_the_block_traced_is_seen(calls):
    """Of all projects, also when tracing was finished meanwhile, in order of start."""
    odd(1)
    weave.init("app")
    odd(2)
    weave.init("other")
    odd(3)
    weave.finish()
    assert [(call.project_id, call.inputs["x"]) for call in calls] == [
        ("local/test", 1), ("local/app", 2), ("local/other", 3),
    ]  # fmt: skip
