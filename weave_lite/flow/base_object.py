"""BaseObject: the base of the classes that servers know by name; stored inline, without a ref."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from weave_lite.trace.classes import register_class

__all__ = ["BaseObject", "RefText"]


def _text_of(value: Any) -> Any:
    """Write a ref, or the ref of a stored value, as text; refs in stored values are read as such."""
    uri = getattr(getattr(value, "ref", None) or value, "uri", None)
    return uri() if callable(uri) else value


RefText = Annotated[str, BeforeValidator(_text_of)]
"""The URI of something stored."""


class BaseObject(BaseModel):
    """What built-in objects share. Its name stands in what is stored of them.

    Args:
        name: The name to store it under; the class name if None.
        description: Any text.
    """

    name: str | None = None
    description: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        register_class(cls)
