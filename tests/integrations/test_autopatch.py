"""When libraries are patched, what users can say about it, and that they get them back."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import subprocess
import sys
import textwrap

import openai
import pydantic
import pytest
from openai.resources.chat.completions.completions import AsyncCompletions, Completions
from scripted_wire import chat

import weave_lite as weave
from weave_lite.core.errors import UsageError
from weave_lite.integrations import openai_patches
from weave_lite.integrations.autopatch import reset_autopatch, wished
from weave_lite.integrations.import_hook import ImportHook
from weave_lite.trace import guard
from weave_lite.trace.autopatch import AutopatchSettings, IntegrationSettings, OpSettings
from weave_lite.trace.op import is_op

ASK = [{"role": "user", "content": "hi"}]
PLAIN = Completions.create


@pytest.fixture(autouse=True)
def _finished():
    """No test leaves a client or a patch behind."""
    yield
    weave.finish()
    assert Completions.create is PLAIN


def init(**options):
    """Open a store in memory."""
    return weave.init("test", db=":memory:", **options)


def ask(wire):
    """Ask the server once."""
    wire.says("m", chat())
    with openai.OpenAI(api_key="k", base_url=wire.url, max_retries=0) as ai:
        return ai.chat.completions.create(model="m", messages=ASK)


def run(code):
    """Run a program in a fresh interpreter and give its output."""
    program = "import weave_lite as weave, sys\n" + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


# --- when ---


def test_init_imports_no_library():
    """Nor the pydantic models of the settings."""
    found = run("""
        weave.init("test", db=":memory:")
        print(*[name for name in ("openai", "anthropic", "litellm", "weave_lite.trace.autopatch",
              "weave_lite.integrations.library_op") if name in sys.modules])
    """)
    assert found == []


def test_import_after_init():
    """The libraries are patched when they come; before it they stand in the other tests here."""
    found = run("""
        weave.init("test", db=":memory:")
        import anthropic, openai
        from anthropic.resources import Messages
        from openai.resources.chat import Completions
        print(*[weave.is_op(kind.__dict__["create"]) for kind in (Completions, Messages)])
        weave.finish()
        print(*[weave.is_op(kind.__dict__["create"]) for kind in (Completions, Messages)])
        print(type(sys.modules[Completions.__module__].__loader__).__name__)
    """)
    assert found == ["True", "True", "False", "False", "SourceFileLoader"]


def test_finish_gives_the_library_back(wire):
    """Calls go on, unrecorded."""
    init()
    assert is_op(Completions.create)
    assert is_op(AsyncCompletions.create)
    weave.finish()
    assert Completions.create is PLAIN
    assert not any(isinstance(finder, ImportHook) for finder in sys.meta_path)
    assert ask(wire).id == "c-1"


def test_init_again(wire):
    """The same init changes nothing; calls are recorded once."""
    client = init()
    made = Completions.create
    assert init() is client
    assert Completions.create is made
    ask(wire)
    assert len(list(client.get_calls())) == 1
    assert sum(isinstance(finder, ImportHook) for finder in sys.meta_path) == 1


def test_init_with_other_settings():
    """The last init counts."""
    init()
    init(autopatch_settings={"openai": {"enabled": False}})
    assert Completions.create is PLAIN
    init(autopatch_settings={"openai": {"op_settings": {"name": "ask"}}})
    assert Completions.create.name == "ask"


def test_disabled_client_patches_nothing():
    """No tracing, no patches."""
    init()
    init(settings={"disabled": True})
    assert Completions.create is PLAIN


# --- what users can say ---


@pytest.mark.parametrize(
    "settings",
    [
        {"disable_autopatch": True},
        AutopatchSettings(disable_autopatch=True),
        AutopatchSettings(openai=IntegrationSettings(enabled=False)),
    ],
)
def test_switched_off(settings):
    """As a dict or an object."""
    init(autopatch_settings=settings)
    assert Completions.create is PLAIN


def test_switched_off_by_the_environment(monkeypatch):
    """It wins."""
    monkeypatch.setenv("WEAVE_DISABLE_AUTOPATCH", "true")
    init(autopatch_settings={"openai": {"enabled": True}})
    assert Completions.create is PLAIN


def test_op_settings(wire):
    """Name, display name, and what is recorded; the user's answer stays whole."""
    of_op = OpSettings(
        name="ask",
        call_display_name=lambda call: f"to {call.inputs['model']}",
        postprocess_inputs=lambda inputs: {"model": inputs["model"]},
        postprocess_output=lambda output: output["choices"][0]["message"]["content"],
    )
    client = init(
        autopatch_settings=AutopatchSettings(openai=IntegrationSettings(op_settings=of_op))
    )
    assert ask(wire).id == "c-1"
    (call,) = client.get_calls()
    assert (call.func_name, call.display_name) == ("ask", "to m")
    assert (call.inputs, call.output) == ({"model": "m"}, "Hello")
    assert call.summary["usage"]["gpt-served"]["total_tokens"] == 5


def test_wrong_settings_change_nothing():
    """An init that fails leaves the old state."""
    client = init()
    made = Completions.create
    with pytest.raises(pydantic.ValidationError, match="opena1"):
        init(autopatch_settings={"opena1": {}})
    with pytest.raises(UsageError, match="must be an AutopatchSettings"):
        init(autopatch_settings=["openai"])
    assert weave.get_client() is client
    assert Completions.create is made


def test_libraries_that_are_not_patched(caplog):
    """Whoever sets up another library is told where it comes in."""
    guard._seen.clear()
    with caplog.at_level(logging.WARNING):
        assert set(wished({"groq": {}, "cohere": {"enabled": False}})) == {
            "anthropic",
            "litellm",
            "openai",
        }
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("autopatch_settings.groq changes nothing")


def test_patch_openai(wire):
    """Whatever init says, before or after."""
    weave.integrations.patch_openai()
    assert is_op(Completions.create)
    client = init(autopatch_settings={"disable_autopatch": True})
    ask(wire)
    assert len(list(client.get_calls())) == 1
    weave.integrations.patch_openai(IntegrationSettings(op_settings=OpSettings(name="mine")))
    assert Completions.create.name == "mine"
    weave.integrations.patch_openai(IntegrationSettings(enabled=False))
    assert Completions.create is PLAIN


# --- others in the same place ---


def test_somebody_else_wraps_ours(wire):
    """Theirs stays, nothing is recorded twice; below it is the plain function again."""
    client = init()
    ours = Completions.create
    Completions.create = theirs = lambda self, **kwargs: ours(self, **kwargs)
    try:
        assert init() is client
        ask(wire)
        assert len(list(client.get_calls())) == 1
        reset_autopatch()
        assert Completions.create is theirs
        assert ask(wire).id == "c-1"
        assert len(list(client.get_calls())) == 1
    finally:
        Completions.create = PLAIN


def test_failure_to_patch(wire, monkeypatch, caplog):
    """It is said once, and the library works."""
    guard._seen.clear()
    monkeypatch.setattr(openai_patches, "SYMBOLS", None)
    with caplog.at_level(logging.ERROR):
        init()
        weave.finish()
        init()
    assert ask(wire).id == "c-1"
    assert {record.name for record in caplog.records} == {"weave_lite.integrations"}
    said = [record.getMessage().splitlines()[0] for record in caplog.records]
    assert len(said) == len(set(said)) > 0


def test_failure_to_record(wire, monkeypatch, caplog):
    """A failure of ours does not reach the user, whole or streamed."""
    guard._seen.clear()

    def fail(*args):
        raise RuntimeError("ours")

    monkeypatch.setattr("weave_lite.integrations.library_op._inputs_of", fail)
    monkeypatch.setattr("weave_lite.integrations.library_op.tapped", fail)
    monkeypatch.setattr(openai_patches.ChatCollected, "add", fail)
    client = init()
    assert ask(wire).id == "c-1"
    wire.streams("s", ["data: [DONE]\n\n"])
    with openai.OpenAI(api_key="k", base_url=wire.url, max_retries=0) as ai:
        assert list(ai.chat.completions.create(model="s", messages=ASK, stream=True)) == []
    assert [call.func_name for call in client.get_calls()] == ["openai.chat.completions.create"] * 2
    assert "ours" in caplog.text


# --- the import hook ---


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A module that can be imported once per test."""
    (tmp_path / "watched_module.py").write_text("loader = __loader__\nvalue = 3\n")
    (tmp_path / "broken_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("watched_module", "broken_module"):
        sys.modules.pop(name, None)


@pytest.fixture
def seen():
    """The modules that a hook tells of."""
    seen = []
    hook = ImportHook(frozenset({"watched_module", "broken_module", "missing_module"}), seen.append)
    hook.install()
    hook.install()
    yield seen
    hook.remove()
    hook.remove()


def test_hook_tells_after_the_body_ran(package, seen):
    """And the module has its own loader, in its body and after."""
    module = importlib.import_module("watched_module")
    assert seen == [module]
    assert module.value == 3
    assert module.loader is module.__loader__ is module.__spec__.loader
    assert type(module.loader).__name__ == "SourceFileLoader"
    assert importlib.reload(module) is module
    assert seen == [module, module]


def test_hook_passes_errors_on(package, seen):
    """A module that fails or is not there is the importer's business."""
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("broken_module")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("missing_module")
    assert seen == []


def test_looking_is_not_importing(package, seen):
    """Whoever only looks for a module can ask its loader."""
    spec = importlib.util.find_spec("watched_module")
    assert spec.loader.get_filename("watched_module") == str(package / "watched_module.py")
    assert seen == []
    assert "watched_module" not in sys.modules


def test_two_hooks_that_ask_all_finders(package, seen, monkeypatch):
    """Another tool's hook, which asks everybody in its turn, is no endless loop."""
    asked = []

    class Other:
        is_busy = False

        def find_spec(self, name, path, target=None):
            if self.is_busy or name != "watched_module":
                return None
            self.is_busy = True
            asked.append(name)
            try:
                return importlib.util.find_spec(name)
            finally:
                self.is_busy = False

    monkeypatch.setattr(sys, "meta_path", [Other(), *sys.meta_path, Other()])
    module = importlib.import_module("watched_module")
    assert asked[0] == "watched_module"
    assert seen == [module]
