"""What objects show in a notebook, read from real stores: right, bounded, and never traced."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from html_check import read, text_of

import weave_lite as weave
from weave_lite.flow.eval import EvaluationResults
from weave_lite.testing import memory_client
from weave_lite.trace.calls_iter import PaginatedIterator


@pytest.fixture
def client():
    with memory_client() as client:
        yield client


class Settings(weave.Object):
    model: str
    note: str | None = None


class Loud(weave.Object):
    size: int

    @weave.op
    def grow(self):
        return self.size + 1

    def __repr__(self):
        return f"Loud {self.grow()}"


@weave.op
def leaf(n):
    if n == 2:
        raise ValueError("<two>")
    return {"n": n}


@weave.op
def branch(question, settings=None):
    for n in range(4):
        try:
            leaf(n)
        except ValueError:
            pass
    return question.upper()


def test_a_call_in_hand_and_one_read_back_show_the_same_tree(client):
    """Values, the tree below with the failure in it, and the link."""
    _, live = branch.call("why <b>?", Settings(name="s", model="small"))
    stored = client.get_call(live.id)

    for call in (live, stored):
        text = text_of(call._repr_html_())
        assert "branch ✓ success" in text
        assert "question why <b>?" in text
        assert "output WHY <B>?" in text
        assert text.count("leaf") == 4
        assert "n=2 → ValueError: <two>" in text
        assert f"weave:///local/test/call/{live.id}" in text
    assert 'settings Settings(name="s", model="small", note=None)' in text_of(live._repr_html_())
    assert "settings weave:///local/test/object/s:" in text_of(stored._repr_html_())


def test_a_call_that_was_not_traced_has_a_card(client):
    """It has no id, so no tree and no link."""
    from weave_lite.trace.context import tracing_disabled

    with tracing_disabled():
        _, call = leaf.call(1)

    assert "weave:///" not in text_of(call._repr_html_())


def test_a_call_that_runs_shows_what_is_done(client):
    """Displayed from inside, it is running and has what ended below it."""

    @weave.op
    def outer():
        leaf(1)
        return weave.get_current_call()._repr_html_()

    text = text_of(outer())

    assert "outer … running" in text
    assert "leaf" in text


def test_only_the_first_200_calls_below_are_read(client):
    """A root with more says so."""

    @weave.op
    def wide():
        for n in range(3, 230):
            leaf(n)

    _, call = wide.call()

    text = text_of(call._repr_html_())

    assert text.count("leaf") == 200
    assert "the first 200 are shown" in text


def test_a_result_of_calls_is_a_table_of_50_with_the_count(client):
    """Rows beyond the fiftieth are counted, not read."""
    for n in range(3, 70):
        leaf(n)

    text = text_of(client.get_calls()._repr_html_())

    assert text.startswith("67 calls the first 50 are shown")
    assert text.count("leaf") == 50
    assert text_of(client.get_calls(limit=7)._repr_html_()).startswith("7 calls")
    assert text_of(client.get_calls(limit=60, offset=10)._repr_html_()).startswith("57 calls")
    assert text_of(client.get_calls(filter={"call_ids": ["x"]})._repr_html_()) == "0 calls"


def test_a_result_reads_no_more_than_it_shows():
    """Fifty are asked for, and the count stops at ten thousand."""
    asked: list[object] = []

    def stream(offset, limit):
        asked.append((offset, limit))
        return iter([{"a": at} for at in range(limit)])

    def count(most):
        asked.append(most)
        return most

    html = PaginatedIterator(stream, count, offset=5)._repr_html_()

    assert asked == [(5, 50), 10_006]
    assert "the first 50 of 10,001 rows" in text_of(html)


def test_costs_and_feedback_show_where_they_were_asked_for(client):
    """Cost of a known model, and the feedback of the call."""

    @weave.op
    def ask():
        return {
            "model": "gpt-4o-mini",
            "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0},
        }

    _, call = ask.call()
    from weave_lite.trace_server import trace_server_interface as tsi

    client.server.feedback_create(
        tsi.FeedbackCreateReq(
            project_id="local/test",
            weave_ref=call.ui_url,
            feedback_type="wandb.note.1",
            payload={"note": "fine"},
        )
    )

    found = client.get_calls(include_costs=True, include_feedback=True)

    assert "1,000,000 $0.15" in text_of(found._repr_html_())
    card = text_of(found[0]._repr_html_())
    assert "1,000,000 tokens · $0.15" in card
    assert 'wandb.note.1 {note: "fine"}' in card


def test_feedback_is_a_table_or_a_card(client):
    """Several are rows, one is a card; what cannot be read is the repr."""
    from weave_lite.trace.feedback import FeedbackQuery, RefFeedbackQuery

    _, call = leaf.call(1)
    feedback = RefFeedbackQuery(call.ui_url)
    feedback.add_note("<fine>")
    one = text_of(feedback._repr_html_())
    feedback.add("grade", {"value": 0.5})
    feedback.refresh()

    two = text_of(feedback._repr_html_())
    broken = FeedbackQuery("e", "p", None, limit=-1)

    assert one.startswith("Feedback type note feedback <fine> created 20")
    assert two.startswith("Feedback 2 rows, 5 columns type feedback created id creator")
    assert "note <fine>" in two
    assert "grade {value: 0.5}" in two
    assert text_of(broken._repr_html_()) == repr(broken)


def test_datasets_and_tables_show_their_first_rows(client):
    """Columns, count and link; a stored one reads no more than the first page."""
    dataset = weave.Dataset(name="d", rows=[{"q": f"<{n}>", "n": n} for n in range(30)])
    ref = weave.publish(dataset)
    stored = ref.get()

    for shown, title in (
        (dataset, "Dataset d"),
        (stored, "Dataset d"),
        (stored.rows, "WeaveTable"),
        (weave.Table(rows=[{"q": "<0>", "n": 0}] * 30), "Table"),
    ):
        text = text_of(shown._repr_html_())
        assert text.startswith(f"{title} 30 rows, 2 columns q n 0 <0> 0")
        assert "the first 20 of 30 rows" in text
    assert text_of(stored._repr_html_()).endswith(ref.uri())


def test_evaluations_show(client):
    """The evaluation is a card, its results a table with a column per score."""

    @weave.op
    def exact(expected, output):
        return {"ok": expected == output}

    evaluation = weave.Evaluation(
        name="e", dataset=[{"n": n, "expected": {"n": n}} for n in range(3)], scorers=[exact]
    )
    summary = asyncio.run(evaluation.evaluate(leaf))
    table = client.get_calls(filter={"op_names": ["weave:///local/test/op/Evaluation.summarize:*"]})
    results = table[0].inputs["eval_table"].get()

    assert type(summary) is dict
    assert text_of(evaluation._repr_html_()).startswith("Evaluation e dataset ")
    text = text_of(results._repr_html_())
    assert isinstance(results, EvaluationResults)
    assert "EvaluationResults 3 rows" in text
    assert "exact.ok" in text and "model_latency" in text


def test_objects_and_records_show_their_fields(client):
    """An instance and the record of a class that is not here; what is not set is left out."""
    settings = Settings(name="s", model="<small>")
    ref = weave.publish(settings)
    record = client.get(ref, objectify=False)

    expected = f"Settings s model <small> {ref.uri()}"
    assert text_of(settings._repr_html_()) == expected
    assert text_of(record._repr_html_()) == expected


def test_secrets_are_not_shown(client):
    """A notebook is shared: keys that are never stored, and fields without repr, stay out of it."""
    from pydantic import Field

    class Access(weave.Object):
        api_key: str
        hidden: str = Field(default="sk-hidden", repr=False)

    @weave.op
    def ask(api_key, conf, ref):
        leaf(1)
        return {"Authorization": "sk-out", "n": 1}

    _, live = ask.call("sk-in", {"inner": [{"api_key": "sk-deep"}]}, "kept")
    dataset = weave.Dataset(rows=[{"api_key": "sk-row", "n": 1}])
    run = PaginatedIterator(lambda offset, limit: iter([live]), lambda most: 1)

    html = "".join(
        shown._repr_html_() for shown in (live, run, dataset, Access(name="a", api_key="sk-own"))
    )

    assert "sk-" not in html
    assert text_of(run._repr_html_()).count("REDACTED") == 3
    assert 'ref="kept"' in text_of(run._repr_html_())


def test_display_traces_nothing(client):
    """A repr that calls an op, as a value or as what is shown, leaves no call."""

    class Holder:
        def __repr__(self):
            return f"holder {leaf(9)}"

    loud = Loud(size=1)
    _, call = branch.call("x", [loud, Holder()])
    before = len(client.get_calls())

    bundles = [shown._repr_mimebundle_() for shown in (call, loud, client.get_calls())]

    assert "holder {'n': 9}" in text_of(call._repr_html_())
    assert len(client.get_calls()) == before
    assert bundles[1]["text/plain"] == "Loud 2"


def test_the_bundle_has_both_forms(client):
    """What a notebook stores: the repr, and the same HTML."""
    dataset = weave.Dataset(rows=[{"a": 1}])

    assert dataset._repr_mimebundle_(include=None, exclude=None) == {
        "text/plain": repr(dataset),
        "text/html": dataset._repr_html_(),
    }


def test_display_never_raises(client):
    """A store that is gone gives the repr."""

    class Broken:
        def get_calls(self, **_):
            raise OSError("the disk is <gone>")

    _, call = leaf.call(1)
    call._actions = Broken()
    found = PaginatedIterator(lambda offset, limit: 1 / 0, lambda most: 1 / 0)

    assert text_of(call._repr_html_()) == repr(call)
    assert text_of(found._repr_html_()) == repr(found)


def test_calls_of_hundreds_of_kilobytes_stay_small(client):
    """Large inputs and outputs are cut; the rest of the card is still there."""

    @weave.op
    def echo(data):
        return data

    _, call = echo.call({str(at): "<&\"'>" * 2000 for at in range(90)})

    card, table = (shown._repr_html_() for shown in (client.get_call(call.id), client.get_calls()))

    text = text_of(card)
    assert text.count("Cut here") == 2
    assert text.endswith(call.ui_url)
    assert 120_000 < len(card.encode()) < 180_000
    assert len(table.encode()) < 20_000
    read(table)


def test_display_works_while_a_loop_runs_and_in_threads(client):
    """Nothing waits for the loop."""
    branch("x")
    found = client.get_calls()

    async def show():
        return found._repr_html_()

    shown: list[str] = []
    thread = threading.Thread(target=lambda: shown.append(found._repr_html_()))
    thread.start()
    thread.join()

    assert asyncio.run(show()) == shown[0]


def test_tracing_loads_nothing_of_this():
    """A program that displays nothing does not pay for it."""
    program = (
        "import sys, weave_lite as weave\n"
        "client = weave.init('p', db=':memory:')\n"
        "weave.op(abs)(-1)\n"
        "list(client.get_calls())\n"
        "weave.finish()\n"
        "print([name for name in sys.modules if 'display' in name or 'notebook' in name])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
