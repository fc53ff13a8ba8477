"""EasyPrompt: a list of messages that is quick to write, with places, requirements and settings."""

from __future__ import annotations

import json
from collections import UserList
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from pydantic import Field, PrivateAttr

from weave_lite.core.errors import UsageError
from weave_lite.flow.completion import complete
from weave_lite.flow.prompt import messages as parts
from weave_lite.flow.prompt.prompt import Prompt
from weave_lite.trace.client_context import require_client
from weave_lite.trace.op import op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.table import Table

    from weave_lite.core.refs import ObjectRef

__all__ = ["EasyPrompt"]


class _RequirementError(UsageError, ValueError):
    """A value does not fulfil what its parameter requires."""


class EasyPrompt(UserList[Any], Prompt):
    """Messages in a list; ``weave.P`` for short.

    Args:
        content: A text that may begin with ``system:``, ``user:`` or ``assistant:``, a message,
            or a list of these.
        role: The role of texts.
        dedent: Take the common indent and the blank ends off texts.

    Attributes:
        data: The messages as they are stored, with their places.
        config: What :meth:`run` asks the model with: ``model``, ``temperature`` and so on.
        requirements: What values have to be, by parameter.

    Example:
        >>> prompt = EasyPrompt("system: Answer in {language}.")
        >>> prompt.append("What is {thing}?")
        >>> prompt.placeholders
        ['language', 'thing']
        >>> prompt.bind(language="French")(thing="a cat")
        [{'role': 'system', 'content': 'Answer in French.'}, {'role': 'user', 'content': 'What is a cat?'}]
    """

    data: list[Any] = Field(default_factory=list)
    config: dict[str, Any] = Field(default_factory=dict)
    requirements: dict[str, Any] = Field(default_factory=dict)

    _values: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init__(
        self,
        content: str | dict[str, Any] | list[Any] | None = None,
        *,
        role: str | None = None,
        dedent: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs["data"] = list(kwargs.get("data") or [])
        Prompt.__init__(self, **kwargs)
        if content is not None:
            self.append(content, role=role, dedent=dedent)

    # --- messages ---

    def append(self, item: Any, role: str | None = None, dedent: bool = False) -> None:
        """Add messages at the end; see the arguments of the class.

        Raises:
            UsageError: No message can be made of it (also a TypeError).
        """
        self.data.extend(parts.messages_of(_plain(item), role, dedent=dedent))

    def insert(self, i: int, item: Any) -> None:
        """Put messages before a position."""
        self.data[i:i] = parts.messages_of(_plain(item))

    def extend(self, other: Iterable[Any]) -> None:
        """Add messages at the end."""
        for item in _plain(other):
            self.append(item)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages with their places."""
        return self.data

    @property
    def as_str(self) -> str:
        """The contents of all messages, with their places, in one text."""
        return " ".join(str(message.get("content", "")) for message in self.data)

    @property
    def system_message(self) -> dict[str, Any]:
        """One system message of all texts."""
        return {"role": "system", "content": self.as_str}

    @property
    def system_prompt(self) -> EasyPrompt:
        """A prompt of that message."""
        return EasyPrompt(self.system_message)

    # --- values ---

    @property
    def placeholders(self) -> list[str]:
        """The names of the places, each once, in order."""
        texts = (text for message in self.data for text in _texts(message))
        return list(dict.fromkeys(name for text in texts for name in parts.places(text)))

    @property
    def unbound_placeholders(self) -> list[str]:
        """The places without a value or default."""
        known = self._known({})
        return [name for name in self.placeholders if name not in known]

    @property
    def is_bound(self) -> bool:
        """Whether every place has a value."""
        return not self.unbound_placeholders

    def bind(self, /, *args: Any, **kwargs: Any) -> Self:
        """Keep values for places, and return this prompt.

        Args:
            args: Dicts of values.
            kwargs: Values.

        Raises:
            UsageError: One does not fulfil what is required (also a ValueError).
        """
        values: dict[str, Any] = {}
        for given in args:
            if not isinstance(given, dict):
                raise UsageError(f"bind takes dicts and named values, not {type(given).__name__}")
            values.update(given)
        values.update(kwargs)
        self._check(values)
        self._values = {**self._values, **values}
        return self

    def bind_rows(self, dataset: Any) -> list[Self]:
        """Make one bound copy per row of a dataset or list of dicts."""
        return [self._copied().bind(dict(row)) for row in getattr(dataset, "rows", dataset)]

    def require(self, param_name: str, **kwargs: Any) -> Self:
        """Say what a value has to be, and return this prompt.

        Args:
            param_name: Name of the place.
            kwargs: ``min``, ``max``, ``oneof``; ``default`` is the value where none is given.

        Raises:
            UsageError: There is no such requirement.
        """
        self.requirements = {**self.requirements, param_name: parts.checked_requirement(kwargs)}
        return self

    def validate_requirement(self, key: str, value: Any) -> list[str]:
        """Tell what a value does not fulfil."""
        return parts.requirement_errors(key, value, self.requirements.get(key, {}))

    def validate_requirements(self, values: dict[str, Any]) -> list[str]:
        """Tell what values do not fulfil."""
        return [text for key in values for text in self.validate_requirement(key, values[key])]

    def format(self, /, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the messages with values filled in; places without one stay.

        Raises:
            UsageError: A value does not fulfil what is required (also a ValueError).
        """
        self._check(kwargs)
        known = self._known(kwargs)
        return [_message_with(message, known) for message in self.data]

    def __call__(self, /, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the messages with values filled in; nothing is kept."""
        for given in args:
            kwargs = {**dict(given), **kwargs}
        return self.format(**kwargs)

    # --- settings ---

    def configure(self, config: dict[str, Any] | None = None, **kwargs: Any) -> Self:
        """Set what :meth:`run` asks with, and return this prompt.

        Args:
            config: Takes the place of all settings.
            kwargs: Are put over the settings there are.
        """
        self.config = {**(self.config if config is None else config), **kwargs}
        return self

    @op
    def run(self) -> Any:
        """Ask the model of ``config`` and return its answer, a dict as OpenAI writes it.

        Raises:
            UsageError: ``config`` has no model, or a place no value.
            WeaveInitError: No client is active.
        """
        if self.unbound_placeholders:
            raise UsageError(f"bind values before run: {', '.join(self.unbound_placeholders)}")
        return complete({**self.config, "messages": self.format()})

    def publish(self, name: str | None = None) -> ObjectRef:
        """Store the prompt as the latest version of its name.

        Raises:
            WeaveInitError: No client is active.
        """
        return require_client().publisher.publish(self, name)

    # --- text and files ---

    def as_pydantic_dict(self) -> dict[str, Any]:
        """Return all fields."""
        return {**self.model_dump(), "ref": None}

    def as_dict(self) -> dict[str, Any]:
        """Return what a model is asked with: settings and bound messages."""
        return {**self.config, "messages": self.format()}

    def dump(self, fp: IO[str]) -> None:
        """Write the prompt as JSON into an open file."""
        json.dump(self.as_pydantic_dict(), fp, indent=2)

    def dump_file(self, filepath: str | Path) -> None:
        """Write the prompt as JSON into a file."""
        with Path(filepath).expanduser().open("w", encoding="utf-8") as file:
            self.dump(file)

    @classmethod
    def load(cls, fp: IO[str]) -> Self:
        """Read what :meth:`dump` wrote."""
        return cls(**json.load(fp))

    @classmethod
    def load_file(cls, filepath: str | Path) -> Self:
        """Read what :meth:`dump_file` wrote."""
        with Path(filepath).expanduser().open(encoding="utf-8") as file:
            return cls.load(file)

    def messages_table(self, title: str | None = None) -> Table:
        """Lay the messages out for a terminal."""
        rows = ((message.get("role", ""), message.get("content", "")) for message in self.data)
        return _table(rows, title)

    def values_table(self, title: str | None = None) -> Table:
        """Lay the parameters out for a terminal, with their values."""
        known = self._known({})
        return _table(((name, known.get(name, "")) for name in self.placeholders), title)

    def config_table(self, title: str | None = None) -> Table:
        """Lay the settings out for a terminal."""
        return _table(self.config.items(), title)

    def print(self) -> str:
        """Return messages, parameters and settings as text to print."""
        from rich.console import Console  # noqa: PLC0415 - only for people

        console = Console(width=100)
        with console.capture() as capture:
            console.print(self.messages_table("Messages"))
            if self.placeholders:
                console.print(self.values_table("Parameters"))
            if self.config:
                console.print(self.config_table("Config"))
        return capture.get().rstrip()

    def __str__(self) -> str:
        return self.as_str

    def __repr__(self) -> str:
        return repr(self.data)

    # --- as a list: with the values that are bound ---

    def __getitem__(self, i: Any) -> Any:
        return self.format()[i]

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # messages, not fields
        return iter(self.format())

    def __setitem__(self, i: Any, item: Any) -> None:
        made = list(parts.messages_of(_plain(item)))
        self.data[i] = made if isinstance(i, slice) else made[0]

    def __add__(self, other: Iterable[Any]) -> Self:
        joined = self._copied()
        joined.extend(other)
        return joined

    def __iadd__(self, other: Iterable[Any]) -> Self:
        self.extend(other)
        return self

    def __eq__(self, other: object) -> bool:
        return self.data == other if isinstance(other, list) else Prompt.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]  # messages can change

    def copy(self) -> Self:  # type: ignore[override]  # of a list, not the old one of pydantic
        """Copy the prompt with its bound values."""
        return self._copied()

    __copy__ = copy

    def _copied(self) -> Self:
        copied = Prompt.model_copy(self, deep=True)
        copied.__dict__["ref"] = None
        return copied

    def _known(self, values: dict[str, Any]) -> dict[str, Any]:
        defaults = {
            name: requirement["default"]
            for name, requirement in self.requirements.items()
            if "default" in requirement
        }
        return {**defaults, **self._values, **values}

    def _check(self, values: dict[str, Any]) -> None:
        errors = self.validate_requirements(values)
        if errors:
            raise _RequirementError("; ".join(errors))


def _plain(item: Any) -> Any:
    return item.data if isinstance(item, EasyPrompt) else item


def _texts(message: dict[str, Any]) -> Iterator[str]:
    content = message.get("content")
    for part in content if isinstance(content, list) else [content]:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            yield text


def _message_with(message: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": parts.filled(content, values)}
    if isinstance(content, list):
        return {**message, "content": [_part_with(part, values) for part in content]}
    return dict(message)


def _part_with(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, str):
        return parts.filled(part, values)
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return {**part, "text": parts.filled(part["text"], values)}
    return part


def _table(rows: Iterable[tuple[Any, Any]], title: str | None) -> Table:
    from rich.table import Table  # noqa: PLC0415 - only for people
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(Text(str(name)), Text(str(value)))
    return table
