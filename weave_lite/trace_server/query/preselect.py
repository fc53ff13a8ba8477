"""A cheap first look at stored JSON text, before any of it is parsed.

What a decoded text contains, the stored text contains too, unless JSON writes it with escapes. GLOB
scans several times faster than ``instr`` does, and both faster than JSON is parsed. A first look may
only rule out: what it lets through is compared by the exact rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_

from weave_lite.trace_server.query.values import Sql, bind_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["may_hold"]

# Shorter texts stand in nearly every document, so looking for them saves nothing.
_MIN_LENGTH = 3
# SQLite refuses patterns beyond 50,000 bytes.
_MAX_LENGTH = 1_000
_MAX_TEXTS = 4


def may_hold(document: Sql, texts: Sequence[str]) -> Sql | None:
    """Write the condition that stored JSON text may hold one of the texts.

    Args:
        document: The column of JSON text.
        texts: What a value in it may contain or be.

    Returns:
        The condition, or None where it could be wrong, or would save nothing.
    """
    if len(texts) > _MAX_TEXTS or not all(map(_is_selective, texts)):
        return None
    return or_(*(document.op("GLOB", is_comparison=True)(bind_text(_pattern(t))) for t in texts))


def _is_selective(text: str) -> bool:
    return _MIN_LENGTH <= len(text) <= _MAX_LENGTH and not any(
        character in '"\\' or character < " " for character in text
    )


def _pattern(text: str) -> str:
    """Match a text anywhere; what GLOB reads as a wildcard stands in brackets."""
    return f"*{''.join(f'[{c}]' if c in '*?[' else c for c in text)}*"
