"""ActionSpec: what the server shall do with calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from weave_lite.trace_server.interface.builtin_object_classes.annotation_spec import (
    FieldSchema,  # noqa: TC001 - pydantic reads it
)
from weave_lite.trace_server.interface.builtin_object_classes.base import (
    BuiltinObject,
    BuiltinPart,
)

__all__ = ["ActionSpec", "ContainsWordsActionConfig", "LlmJudgeActionConfig"]


class ContainsWordsActionConfig(BuiltinPart):
    """Look for words in the output of a call."""

    action_type: Literal["contains_words"] = "contains_words"
    target_words: list[str]


class LlmJudgeActionConfig(BuiltinPart):
    """Ask a model about the inputs and the output of a call."""

    action_type: Literal["llm_judge"] = "llm_judge"
    model: Literal["gpt-4o", "gpt-4o-mini"]
    prompt: str
    response_schema: FieldSchema


class ActionSpec(BuiltinObject):
    """An action over calls; ``config`` says which and how."""

    config: Annotated[
        ContainsWordsActionConfig | LlmJudgeActionConfig, Field(discriminator="action_type")
    ]

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str | None) -> str:
        # Not run when the field is left out, which the reference lets pass too.
        if name is None:
            raise ValueError("it must be a text when it is given")
        return name
