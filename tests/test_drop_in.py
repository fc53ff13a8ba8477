"""`import weave` as this package: what it gives, what it refuses, and how it is taken away."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import subprocess
import sys
from types import ModuleType

import pytest

import weave_lite
from weave_lite import install_as_weave
from weave_lite.core.errors import UsageError


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Each test takes away what it installs."""
    before = sys.meta_path[:], {n for n in sys.modules if n.partition(".")[0] == "weave"}
    yield
    assert before == (sys.meta_path, {n for n in sys.modules if n.partition(".")[0] == "weave"})


@pytest.fixture
def installed():
    """The name for the length of a test."""
    undo = install_as_weave()
    yield
    undo()


def program(text, folder):
    """Run a program in a process of its own."""
    (folder / "program.py").write_text(text)
    return subprocess.run(
        [sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_modules_are_the_same_objects(installed):
    """In all ways to import them, so that classes are the same."""
    import weave
    import weave.trace.weave_client
    from weave import op
    from weave.flow import dataset
    from weave.flow.dataset import Dataset
    from weave.trace_server import trace_server_interface as tsi

    import weave_lite.flow.dataset
    import weave_lite.trace.weave_client
    import weave_lite.trace_server.trace_server_interface as ours

    assert weave is weave_lite
    assert weave.trace.weave_client is weave_lite.trace.weave_client
    assert dataset is weave_lite.flow.dataset
    assert (Dataset, op, tsi) == (weave_lite.Dataset, weave_lite.op, ours)
    assert importlib.import_module("weave.trace.op") is sys.modules["weave_lite.trace.op"]


@pytest.mark.parametrize(
    "path",
    [
        "trace.op",
        "trace.util",
        "trace.weave_client",
        "trace_server.interface.query",
        "trace_server.trace_server_interface",
    ],
)
def test_documented_modules_are_found(installed, path):
    """By the paths that the documents name."""
    assert importlib.import_module(f"weave.{path}") is importlib.import_module(f"weave_lite.{path}")


@pytest.mark.parametrize(
    ("path", "ours", "name"),
    [
        ("dataset.dataset", "flow.dataset", "Dataset"),
        ("evaluation.eval", "flow.eval", "Evaluation"),
        ("evaluation.eval_imperative", "flow.eval_imperative", "EvaluationLogger"),
        ("integrations.patch", "integrations.autopatch", "patch_openai"),
        ("object.obj", "flow.obj", "Object"),
        ("prompt.prompt", "flow.prompt.prompt", "MessagesPrompt"),
        ("trace.api", "api", "init"),
        ("trace.context.call_context", "trace.call_context", "get_current_call"),
        ("trace.context.weave_client_context", "trace.client_context", "require_weave_client"),
        ("trace.ref_util", "trace.ref_util", "get_ref"),
        ("trace.serialization.serializer", "serialize.registry", "register_serializer"),
        ("trace_server.common_interface", "trace_server.trace_server_interface", "SortBy"),
        ("trace_server.errors", "core.errors", "NotFoundError"),
        ("type_handlers.Audio.audio", "serialize.media.audio", "Audio"),
        ("type_handlers.File.file", "serialize.media.file", "File"),
        ("type_wrappers.Content.content", "serialize.media.content", "Content"),
    ],
)
def test_where_upstream_has_it(installed, path, ours, name):
    """Other releases have their modules at other places; what is there is the same."""
    module = importlib.import_module(f"weave.{path}")
    assert module is importlib.import_module(f"weave_lite.{ours}")
    assert getattr(importlib.import_module(f"weave.{path}"), name) is getattr(module, name)


@pytest.mark.parametrize(
    "path", ["dataset.nothing", "nothing", "nothing.below", "trace.context.nothing", "trace.op.x"]
)
def test_what_is_nowhere(installed, path):
    """Says so by the name that was asked for."""
    with pytest.raises(ModuleNotFoundError, match=rf"weave\.{path}|weave\.nothing"):
        importlib.import_module(f"weave.{path}")


def test_the_modules_stay_what_they_are(installed):
    """Name, spec and loader are not those of the other name."""
    import weave.trace.call as module

    assert module.__name__ == module.__spec__.name == "weave_lite.trace.call"
    assert module.__loader__ is module.__spec__.loader
    assert module.__package__ == "weave_lite.trace"
    assert importlib.util.find_spec("weave.flow").submodule_search_locations is not None
    assert (
        importlib.util.find_spec("weave.trace.op").origin
        == importlib.util.find_spec("weave_lite.trace.op").origin
    )


def test_what_is_not_there_is_missing_as_ever(installed):
    """By the name that was asked for."""
    with pytest.raises(ModuleNotFoundError, match="No module named 'weave.no_such'"):
        importlib.import_module("weave.no_such")
    with pytest.raises(ModuleNotFoundError, match="No module named 'weave.no_such'"):
        importlib.import_module("weave.no_such.deeper")
    with pytest.raises(ImportError, match="cannot import name 'no_such'"):
        exec("from weave import no_such")
    assert importlib.util.find_spec("weave.trace.no_such") is None


def test_pickles_go_across(installed):
    """Under either name of the module."""
    from weave.flow.dataset import Dataset

    ref = weave_lite.parse_uri("weave:///e/p/object/o:abc")
    data = pickle.dumps((Dataset, ref), protocol=0)
    assert pickle.loads(data) == (weave_lite.Dataset, ref)
    assert pickle.loads(data.replace(b"weave_lite.", b"weave.")) == (weave_lite.Dataset, ref)


def test_doing_it_twice_changes_nothing():
    """One undo takes it away, whichever; another does nothing."""
    first, second = install_as_weave(), install_as_weave(force=True)
    assert sum(type(finder).__name__ == "_Finder" for finder in sys.meta_path) == 1
    importlib.import_module("weave.trace.op")
    second()
    with pytest.raises(ModuleNotFoundError, match="No module named 'weave'"):
        importlib.import_module("weave")
    first()
    third = install_as_weave()
    first()
    assert importlib.import_module("weave") is weave_lite
    third()


def test_a_package_that_is_imported_is_refused(monkeypatch):
    """Unless forced; then it comes back at the end."""
    official, below = ModuleType("weave"), ModuleType("weave.trace")
    official.__file__ = "/site/weave/__init__.py"
    monkeypatch.setitem(sys.modules, "weave", official)
    monkeypatch.setitem(sys.modules, "weave.trace", below)
    with pytest.raises(UsageError) as caught:
        install_as_weave()
    assert str(caught.value) == (
        "another package `weave` is imported already, from /site/weave/__init__.py; call "
        "install_as_weave() before anything imports it, or install_as_weave(force=True) to go before it"
    )
    undo = install_as_weave(force=True)
    assert importlib.import_module("weave.trace") is sys.modules["weave_lite.trace"]
    undo()
    assert (sys.modules["weave"], sys.modules["weave.trace"]) == (official, below)


def test_a_package_that_is_installed_is_refused(tmp_path, monkeypatch):
    """Unless forced; a mere folder of the name is none."""
    (tmp_path / "weave").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    install_as_weave()()
    (tmp_path / "weave" / "__init__.py").write_text("who = 'official'")
    importlib.invalidate_caches()
    with pytest.raises(UsageError) as caught:
        install_as_weave()
    assert str(caught.value) == (
        f"another package `weave` is installed, at {tmp_path}/weave/__init__.py; uninstall it, or "
        "call install_as_weave(force=True) to go before it"
    )
    undo = install_as_weave(force=True)
    assert importlib.import_module("weave") is weave_lite
    undo()
    assert importlib.import_module("weave").who == "official"
    del sys.modules["weave"]


def test_it_costs_little(tmp_path):
    """No part of the library is loaded by it but the root."""
    done = program(
        "import sys, weave_lite\n"
        "weave_lite.install_as_weave()\n"
        "import weave\n"
        "print(sorted(n for n in sys.modules if n.startswith('weave_lite')))\n",
        tmp_path,
    )
    assert done.stdout.strip() == str(
        [
            "weave_lite",
            "weave_lite.core",
            "weave_lite.core.errors",
            "weave_lite.core.version",
            "weave_lite.drop_in",
        ]
    ), done.stderr


def test_a_documented_program_runs_unchanged(tmp_path):
    """Ops, objects, datasets, refs and an evaluation, all under `weave`."""
    done = program(
        """
import weave_lite; weave_lite.install_as_weave()
import asyncio, json
import weave
from weave import Dataset, Evaluation
from weave.trace.weave_client import WeaveClient

client = weave.init("intro-example", db=":memory:")
assert isinstance(client, WeaveClient)

class Fruits(weave.Model):
    model_name: str
    @weave.op()
    def predict(self, sentence: str) -> dict:
        return {"fruit": sentence.split()[0], "model": self.model_name}

@weave.op()
def fruit_name_score(target: dict, output: dict) -> dict:
    return {"correct": target["fruit"] == output["fruit"]}

examples = Dataset(name="examples", rows=[
    {"sentence": "neoskizzles are purple", "target": {"fruit": "neoskizzles"}},
    {"sentence": "the pounits are green", "target": {"fruit": "pounits"}},
])
weave.publish(examples)
evaluation = Evaluation(dataset=weave.ref("examples").get(), scorers=[fruit_name_score])
summary = asyncio.run(evaluation.evaluate(Fruits(model_name="m")))
print(json.dumps(summary["fruit_name_score"]))
print(len(client.get_calls(filter={"op_names": [Fruits.predict.ref.uri()]})))
""",
        tmp_path,
    )
    assert done.stdout == '{"correct": {"true_count": 1, "true_fraction": 0.5}}\n2\n', done.stderr
