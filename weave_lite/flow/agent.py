"""Agent: a model with tools that goes on from a state, one step at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from weave_lite.core.errors import UsageError
from weave_lite.flow.completion import complete
from weave_lite.flow.obj import Object
from weave_lite.trace.op import is_op, op

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Agent", "AgentState"]

_JSON_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}


class AgentState(Object):
    """Where an agent stands.

    Args:
        history: The messages so far, as OpenAI writes them.
    """

    history: list[Any] = Field(default_factory=list)


class Agent(Object):
    """A model with a system message and tools. It is asked through the active client's server.

    Args:
        model_name: The model to ask.
        temperature: How free its answers are.
        system_message: Stands before the history.
        tools: Functions or ops; their signature and docstring tell the model what they do.

    Example:
        >>> Agent(system_message="You are brief.").temperature
        0.7
    """

    model_name: str = "gpt-3.5-turbo"
    temperature: float = 0.7
    system_message: str
    tools: list[Any] = Field(default_factory=list)

    @op
    def step(self, state: AgentState) -> AgentState:
        """Ask the model once, run the tools that it calls for, and return the state after that.

        A tool that fails, or is not there, answers with the error, so that the model can react.

        Raises:
            UsageError: The model could not be asked.
            WeaveInitError: No client is active.
        """
        system = {"role": "system", "content": self.system_message}
        tools = {_name_of(tool): tool for tool in self.tools}
        question: dict[str, Any] = {
            "model": self.model_name,
            "temperature": self.temperature,
            "messages": [system, *state.history],
        }
        if tools:
            question["tools"] = [_description(name, tool) for name, tool in tools.items()]
        answer = _ask(question)
        asked = answer.get("tool_calls") or []
        results = [_tool_message(one, tools) for one in asked]
        return AgentState(history=[*state.history, answer, *results])


@op(name="Agent.ask")
def _ask(question: dict[str, Any]) -> dict[str, Any]:
    choices = complete(question).get("choices") or []
    if not choices:
        raise UsageError(f"{question['model']} gave no answer")
    message = choices[0]["message"]
    return {key: value for key, value in message.items() if value is not None or key == "content"}


def _tool_message(asked: dict[str, Any], tools: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    name = asked["function"]["name"]
    try:
        if name not in tools:
            raise UsageError(f"there is no tool {name!r}; there are {', '.join(tools)}")
        result = tools[name](**json.loads(asked["function"]["arguments"] or "{}"))
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    content = result if isinstance(result, str) else json.dumps(result, default=str)
    return {"role": "tool", "tool_call_id": asked.get("id"), "content": content}


def _name_of(tool: Any) -> str:
    function = tool.resolve_fn if is_op(tool) else tool
    name = getattr(function, "__name__", None)
    if not callable(tool) or not isinstance(name, str):
        raise UsageError(f"a tool must be a function or op, not {type(tool).__name__}")
    return name


def _description(name: str, tool: Any) -> dict[str, Any]:
    """Write a function as OpenAI describes tools."""
    import inspect  # noqa: PLC0415 - agents only

    function = tool.resolve_fn if is_op(tool) else tool
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:  # an annotation names what is imported for type checkers only
        signature = inspect.signature(function)
    properties, required = {}, []
    for parameter in signature.parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        kind = _JSON_TYPES.get(parameter.annotation)
        properties[parameter.name] = {} if kind is None else {"type": kind}
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    parameters = {"type": "object", "properties": properties, "required": required}
    described = {
        "name": name,
        "description": inspect.getdoc(function) or "",
        "parameters": parameters,
    }
    return {"type": "function", "function": described}
