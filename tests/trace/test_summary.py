"""Usage and counts in summaries."""

from __future__ import annotations

import threading

from pydantic import BaseModel

from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.op import op
from weave_lite.trace.summary import usage_of


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int | None = None


class Response:
    def __init__(self, model, usage):
        self.model = model
        self.usage = usage


def counts(success, error=0):
    return {"status_counts": {"success": success, "error": error}}


def test_usage_is_read_from_dicts_and_objects():
    """Model dumps leave out what was not set."""
    plain = {"m": {"requests": 1, "prompt_tokens": 3}}
    assert usage_of({"model": "m", "usage": {"prompt_tokens": 3}}) == plain
    assert usage_of(Response("m", {"prompt_tokens": 3})) == plain
    assert usage_of(Response("m", Usage(prompt_tokens=3))) == plain


def test_what_has_no_usage_has_none():
    """No value makes it fail, whatever its attributes do."""

    class Nasty:
        @property
        def usage(self):
            raise RuntimeError

    class Endless:
        def __getattr__(self, name):
            return Endless()

    values = [
        3,
        "x",
        None,
        [],
        {"usage": {}},
        {"model": 1, "usage": {}},
        {"model": "m", "usage": 3},
    ]
    assert [usage_of(v) for v in [*values, Nasty(), Endless(), object()]] == [None] * 10


@op
def llm(m, p):
    return {"model": m, "usage": {"prompt_tokens": p, "details": {"cached": None, "n": 1}}}


def test_usage_is_summed_over_children_not_taken_from_the_own_output(client):
    """Also in a failed call; counts include the call itself."""

    @op
    def fails():
        llm("g", 1)
        raise ValueError("x")

    @op
    def top():
        llm("a", 1)
        llm("a", 2)
        try:
            fails()
        except ValueError:
            pass
        return {"model": "own", "usage": {"prompt_tokens": 100}}

    top()
    summary = client.calls[0]["summary"]
    assert summary == {
        "usage": {
            "a": {"requests": 2, "prompt_tokens": 3, "details": {"n": 2}},
            "g": {"requests": 1, "prompt_tokens": 1, "details": {"n": 1}},
        },
        "status_counts": {"success": 4, "error": 1},
    }


def test_the_users_summary_is_kept(client):
    """Computed values are merged into it, deeply; what cannot be added does not disturb."""

    @op
    def child():
        get_current_call().summary["note"] = "text"
        get_current_call().summary["n"] = 2

    @op
    def parent():
        get_current_call().summary = {"usage": {"mine": {"requests": 5}}, "x": True}
        child()
        child()
        llm("a", 1)

    parent()
    first, one = client.calls[:2]
    assert one["summary"] == {"note": "text", "n": 2, **counts(1)}
    assert first["summary"] == {
        "usage": {
            "mine": {"requests": 5},
            "a": {"requests": 1, "prompt_tokens": 1, "details": {"n": 1}},
        },
        "x": True,
        "n": 4,
        **counts(4),
    }


def test_an_ended_call_knows_its_summary(client):
    """The object that user code holds has what is stored."""
    _, call = llm.call("m", 1)
    assert call.summary == client.calls[0]["summary"]
    _, plain = op(lambda: 1).call()
    assert plain.summary == counts(1)


def test_a_root_with_many_descendants_stays_small(client):
    """Only running totals are kept."""
    seen = []

    @op
    def leaf():
        return None

    @op
    def root():
        for _ in range(500):
            leaf()
        call = get_current_call()
        seen.append([getattr(call, slot, None) for slot in type(call).__slots__])

    root()
    assert client.calls[0]["summary"] == counts(501)
    assert not any(isinstance(value, list) and len(value) > 10 for value in seen[0])


def test_children_that_end_in_many_threads_are_all_counted(client):
    """Totals do not lose additions."""
    from weave_lite.trace.util import ContextAwareThread

    @op
    def root():
        def work():
            for _ in range(200):
                llm("m", 1)

        threads = [ContextAwareThread(target=work) for _ in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]

    root()
    summary = client.calls[0]["summary"]
    assert summary["usage"]["m"]["requests"] == 800
    assert summary["status_counts"] == {"success": 801, "error": 0}
    assert threading.active_count() >= 1


def test_a_summary_that_holds_itself_or_is_deep(client):
    """Output and own summary are recorded; the parent adds up what can be added."""
    deep = top = {}
    for _ in range(5000):
        deep["below"] = deep = {}

    @op
    def child(kind):
        summary = get_current_call().summary
        summary.update(
            n=2, more={"n": 3}, **({"deep": top} if kind == "deep" else {"self": summary})
        )
        return kind

    @op
    def parent():
        return [child("cyclic"), child("deep"), child("cyclic")]

    parent()
    outer, *inner = client.calls
    assert [c["output"] for c in (outer, *inner)] == [
        ["cyclic", "deep", "cyclic"],
        "cyclic",
        "deep",
        "cyclic",
    ]
    assert [c["summary"]["n"] for c in inner] == [2, 2, 2]
    assert (outer["summary"]["n"], outer["summary"]["more"]) == (6, {"n": 9})
    assert outer["summary"]["status_counts"] == {"success": 4, "error": 0}


def test_a_summary_that_cannot_be_read_costs_no_output(client, caplog):
    """The failure is logged."""

    class Awkward(dict):
        def items(self):
            raise RuntimeError("changed meanwhile")

    @op
    def child():
        get_current_call().summary["mine"] = Awkward(a=1)
        return "result"

    @op
    def parent():
        return child()

    assert parent() == "result"
    assert [(c["output"], c["ended"]) for c in client.calls] == [("result", True)] * 2
    assert "Error capturing call summary" in caplog.text
