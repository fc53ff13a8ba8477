"""weave_lite: the Weave SDK with no server, on one SQLite file.

Names are loaded when first used: importing the package loads what the decorators need, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core import version as _version

if TYPE_CHECKING:
    from weave_lite import integrations, official
    from weave_lite.api import (
        as_op,
        attributes,
        finish,
        get,
        get_client,
        init,
        init_local_client,
        local_client,
        log_call,
        obj_ref,
        output_of,
        publish,
        ref,
        remote_client,
    )
    from weave_lite.core.refs import CallRef, ObjectRef, OpRef, TableRef, parse_uri
    from weave_lite.drop_in import install_as_weave
    from weave_lite.flow.agent import Agent, AgentState
    from weave_lite.flow.annotation_spec import AnnotationSpec
    from weave_lite.flow.dataset import Dataset
    from weave_lite.flow.eval import Evaluation
    from weave_lite.flow.eval_imperative import EvaluationLogger
    from weave_lite.flow.model import Model
    from weave_lite.flow.monitor import Monitor
    from weave_lite.flow.obj import Object
    from weave_lite.flow.prompt.easy_prompt import EasyPrompt
    from weave_lite.flow.prompt.easy_prompt import EasyPrompt as P
    from weave_lite.flow.prompt.messages_prompt import MessagesPrompt
    from weave_lite.flow.prompt.prompt import Prompt
    from weave_lite.flow.prompt.string_prompt import StringPrompt
    from weave_lite.flow.saved_view.view import SavedView
    from weave_lite.flow.scorer import Scorer
    from weave_lite.serialize.media.audio import Audio
    from weave_lite.serialize.media.content import Content
    from weave_lite.serialize.media.file import File
    from weave_lite.serialize.media.markdown import Markdown
    from weave_lite.trace import client_context as weave_client_context
    from weave_lite.trace.call import Call
    from weave_lite.trace.call_context import (
        get_current_call,
        require_current_call,
        thread,
        tracing_disabled,
    )
    from weave_lite.trace.op import is_op, op
    from weave_lite.trace.settings import UserSettings
    from weave_lite.trace.table import Table
    from weave_lite.trace.util import ContextAwareThread as Thread
    from weave_lite.trace.util import ContextAwareThreadPoolExecutor as ThreadPoolExecutor
    from weave_lite.trace.values.origin import ref_of
    from weave_lite.trace.weave_client import WeaveClient
    from weave_lite.trace_server.interface.calls import CallsFilter
    from weave_lite.trace_server.interface.query import Query

__version__ = _version.VERSION

__all__ = [
    "Agent",
    "AgentState",
    "AnnotationSpec",
    "Audio",
    "Call",
    "CallRef",
    "CallsFilter",
    "Content",
    "Dataset",
    "EasyPrompt",
    "Evaluation",
    "EvaluationLogger",
    "File",
    "Markdown",
    "MessagesPrompt",
    "Model",
    "Monitor",
    "Object",
    "ObjectRef",
    "OpRef",
    "P",
    "Prompt",
    "Query",
    "SavedView",
    "Scorer",
    "StringPrompt",
    "Table",
    "TableRef",
    "Thread",
    "ThreadPoolExecutor",
    "UserSettings",
    "WeaveClient",
    "__version__",
    "as_op",
    "attributes",
    "finish",
    "get",
    "get_client",
    "get_current_call",
    "init",
    "init_local_client",
    "install_as_weave",
    "integrations",
    "is_op",
    "local_client",
    "log_call",
    "obj_ref",
    "official",
    "op",
    "output_of",
    "parse_uri",
    "publish",
    "ref",
    "ref_of",
    "remote_client",
    "require_current_call",
    "thread",
    "tracing_disabled",
    "weave_client_context",
]

# Name -> (module, name there; None is the module itself).
_HOMES: dict[str, tuple[str, str | None]] = {
    "Agent": ("flow.agent", "Agent"),
    "AgentState": ("flow.agent", "AgentState"),
    "AnnotationSpec": ("flow.annotation_spec", "AnnotationSpec"),
    "Audio": ("serialize.media.audio", "Audio"),
    "Call": ("trace.call", "Call"),
    "CallRef": ("core.refs", "CallRef"),
    "CallsFilter": ("trace_server.interface.calls", "CallsFilter"),
    "Content": ("serialize.media.content", "Content"),
    "Dataset": ("flow.dataset", "Dataset"),
    "EasyPrompt": ("flow.prompt.easy_prompt", "EasyPrompt"),
    "Evaluation": ("flow.eval", "Evaluation"),
    "EvaluationLogger": ("flow.eval_imperative", "EvaluationLogger"),
    "File": ("serialize.media.file", "File"),
    "Markdown": ("serialize.media.markdown", "Markdown"),
    "MessagesPrompt": ("flow.prompt.messages_prompt", "MessagesPrompt"),
    "Model": ("flow.model", "Model"),
    "Monitor": ("flow.monitor", "Monitor"),
    "Object": ("flow.obj", "Object"),
    "ObjectRef": ("core.refs", "ObjectRef"),
    "OpRef": ("core.refs", "OpRef"),
    "P": ("flow.prompt.easy_prompt", "EasyPrompt"),
    "Prompt": ("flow.prompt.prompt", "Prompt"),
    "Query": ("trace_server.interface.query", "Query"),
    "SavedView": ("flow.saved_view.view", "SavedView"),
    "Scorer": ("flow.scorer", "Scorer"),
    "StringPrompt": ("flow.prompt.string_prompt", "StringPrompt"),
    "Table": ("trace.table", "Table"),
    "TableRef": ("core.refs", "TableRef"),
    "Thread": ("trace.util", "ContextAwareThread"),
    "ThreadPoolExecutor": ("trace.util", "ContextAwareThreadPoolExecutor"),
    "UserSettings": ("trace.user_settings", "UserSettings"),
    "WeaveClient": ("trace.weave_client", "WeaveClient"),
    "as_op": ("trace.op", "as_op"),
    "attributes": ("trace.attributes", "attributes"),
    "finish": ("api", "finish"),
    "get": ("api", "get"),
    "get_client": ("trace.client_context", "get_client"),
    "get_current_call": ("trace.call_context", "get_current_call"),
    "init": ("api", "init"),
    "init_local_client": ("api", "init_local_client"),
    "install_as_weave": ("drop_in", "install_as_weave"),
    "integrations": ("integrations", None),
    "is_op": ("trace.op", "is_op"),
    "local_client": ("api", "local_client"),
    "log_call": ("api", "log_call"),
    "obj_ref": ("api", "obj_ref"),
    "official": ("official", None),
    "op": ("trace.op", "op"),
    "output_of": ("api", "output_of"),
    "parse_uri": ("core.refs", "parse_uri"),
    "publish": ("api", "publish"),
    "ref": ("api", "ref"),
    "ref_of": ("trace.values.origin", "ref_of"),
    "remote_client": ("api", "remote_client"),
    "require_current_call": ("trace.call_context", "require_current_call"),
    "thread": ("trace.call_context", "thread"),
    "tracing_disabled": ("trace.call_context", "tracing_disabled"),
    "weave_client_context": ("trace.client_context", None),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'weave_lite' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - part of loading late

    module = import_module(f"weave_lite.{home[0]}")
    value = module if home[1] is None else getattr(module, home[1])
    # The next look finds it without coming here.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
