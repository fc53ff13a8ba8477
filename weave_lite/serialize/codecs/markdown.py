"""Markdown, ours and rich's alike. Never imports rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.custom_type import custom_record
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.media.markdown import Markdown
    from weave_lite.serialize.registry import Sink, Source

__all__ = ["MARKDOWN", "NEWER_MARKDOWN"]

_TYPE_ID = "rich.markdown.Markdown"
# What official SDKs write that have a Markdown of their own; only they could read it.
_NEWER_TYPE_ID = "weave.type_handlers.Markdown.markdown.Markdown"


def _matches(cls: type) -> bool:
    return is_loaded_class(cls, "rich.markdown", "Markdown") or is_loaded_class(
        cls, "weave_lite.serialize.media.markdown", "Markdown"
    )


def _encode(value: Any, sink: Sink) -> dict[str, Any]:
    del sink
    val = {"markup": value.markup}
    if value.code_theme:
        val["code_theme"] = value.code_theme
    return custom_record(_TYPE_ID, val=val)


def _decode(record: dict[str, Any], source: Source) -> Markdown:
    from weave_lite.serialize.media.markdown import Markdown  # noqa: PLC0415 - only when there is one

    del source
    val = record["val"]
    theme = val.get("code_theme")
    return Markdown(val["markup"], **({"code_theme": theme} if theme else {}))


MARKDOWN = Codec(_TYPE_ID, _matches, _encode, _decode)
NEWER_MARKDOWN = Codec(_NEWER_TYPE_ID, lambda _: False, _encode, _decode)
