"""A real notebook, run by a real kernel: what it shows, and what it does not."""

from __future__ import annotations

import nbformat
import pytest
from html_check import text_of
from nbclient import NotebookClient

CELLS = {
    "init": "import weave_lite as weave\nclient = weave.init('notebook', db=':memory:')",
    "ops": """\
import asyncio

@weave.op
async def search(question):
    await asyncio.sleep(0)
    return ["<b>page</b>", question]

@weave.op
async def answer(question):
    await search(question)
    return question.upper()

@weave.op
def exact(expected, output):
    return {"ok": expected == output}
""",
    "trace": "await answer('why?')\nresult, call = await answer.call('how?')",
    "call": "call",
    "calls": "client.get_calls()",
    "stored call": "client.get_calls()[0]",
    "dataset": "dataset = weave.Dataset(name='questions', rows=[{'question': 'a', 'expected': 'A'}])\ndataset",
    "published": "ref = weave.publish(dataset)\nref.get()",
    "rows": "ref.get().rows",
    "evaluate": """\
evaluation = weave.Evaluation(name="first", dataset=dataset, scorers=[exact])
summary = await evaluation.evaluate(answer)""",
    "evaluation": "evaluation",
    "summary": "summary",
    "results": """\
results = [c for c in client.get_calls() if c.func_name == "Evaluation.summarize"][0]
results.inputs["eval_table"].get()""",
    "class": "class Settings(weave.Model):\n    size: int = 1\n\n    @weave.op\n    def predict(self, q):\n        return q\n\nSettings(name='s')",
    "loop": "import asyncio.base_events\nassert asyncio.get_running_loop().is_running()\nassert asyncio.run.__module__ == 'asyncio.runners'",
    "count": "len(client.get_calls())",
    "finish": "weave.finish()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of each cell, by its name; the notebook is run once."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder))
        patch.delenv("WEAVE_LITE_QUIET", raising=False)
        runner = NotebookClient(
            notebook,
            timeout=60,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )
        runner.execute()
    nbformat.validate(notebook)
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def html_of(cell):
    """What a cell shows: one result, in both forms."""
    assert [(output.output_type, sorted(output.data)) for output in cell] == [
        ("execute_result", ["text/html", "text/plain"])
    ]
    return text_of(cell[0].data["text/html"])


@pytest.mark.parametrize("name", ["ops", "trace", "evaluate", "loop", "finish"])
def test_nothing_pops_up(outputs, name):
    """Cells that ask for nothing show nothing, on no stream."""
    assert outputs[name] == []


def test_init_writes_one_line(outputs):
    """The line of init is all that it writes, to stderr."""
    assert [
        (output.output_type, output.name, output.text.count("\n")) for output in outputs["init"]
    ] == [("stream", "stderr", 1)]


@pytest.mark.parametrize("name", ["call", "stored call"])
def test_calls_show_their_tree(outputs, name):
    """Async ops that were awaited at the top level are whole trees."""
    text = html_of(outputs[name])

    assert text.startswith("answer ✓ success")
    assert "calls below ✓ search" in text
    assert '["<b>page</b>", ' in text


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("calls", "4 calls "),
        ("dataset", "Dataset questions 1 row, 2 columns question expected 0 a A"),
        ("published", "Dataset questions 1 row, 2 columns question expected 0 a A weave:///"),
        ("rows", "WeaveTable 1 row, 2 columns question expected 0 a A"),
        ("evaluation", "Evaluation first dataset "),
        ("results", "EvaluationResults 1 row, 3 columns output exact.ok model_latency 0 A True "),
        ("class", "Settings s size 1"),
    ],
)
def test_objects_show(outputs, name, start):
    """Each object is HTML of its own kind."""
    assert html_of(outputs[name]).startswith(start)


def test_a_summary_is_a_plain_dict(outputs):
    """What evaluate gives shows as Python shows it."""
    assert list(outputs["summary"][0].data) == ["text/plain"]


def test_display_made_no_calls(outputs):
    """Two answers of two calls each; an evaluation: itself, the summary, and of one row four."""
    assert outputs["count"][0].data["text/plain"] == "10"
