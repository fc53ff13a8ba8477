"""Leaderboard: which metrics of which evaluations stand side by side."""

from __future__ import annotations

from weave_lite.trace_server.interface.builtin_object_classes.base import (
    BuiltinObject,
    BuiltinPart,
)

__all__ = ["Leaderboard", "LeaderboardColumn"]


class LeaderboardColumn(BuiltinPart):
    """One metric of one scorer of one evaluation."""

    evaluation_object_ref: str
    scorer_name: str
    summary_metric_path: str
    should_minimize: bool | None = None


class Leaderboard(BuiltinObject):
    """A table of models by metrics."""

    columns: list[LeaderboardColumn]
