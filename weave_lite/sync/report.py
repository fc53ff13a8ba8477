"""What a run moved, and what reading back found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ProjectReport"]


@dataclass(slots=True)
class ProjectReport:
    """A project that was moved.

    Attributes:
        source: The project it was moved from.
        target: The project it was moved to.
        objects: Versions of objects that were moved; ``ops``, ``tables``, ``rows``, ``files``,
            ``calls``, ``feedback`` and ``costs`` alike.
        renamed: Calls that were moved before, and have another display name now.
        taken_back: Feedback and prices that were moved before, and are purged now.
        dangling: Refs whose end is not in the source.
        checked: What was read back and is as it should be.
        problems: What is not, and what was refused.
    """

    source: str
    target: str
    objects: int = 0
    ops: int = 0
    tables: int = 0
    rows: int = 0
    files: int = 0
    calls: int = 0
    feedback: int = 0
    costs: int = 0
    renamed: int = 0
    taken_back: int = 0
    dangling: int = 0
    checked: int = 0
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return asdict(self)
