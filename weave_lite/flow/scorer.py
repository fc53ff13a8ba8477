"""Scorer: an Object that says how good an output is. What applies one is ``scoring``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, Field

from weave_lite.core.errors import NotSupportedError, UsageError
from weave_lite.flow.auto_summarize import auto_summarize
from weave_lite.flow.obj import Object
from weave_lite.trace.bind import plan_for
from weave_lite.trace.op import is_op, op

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Scorer", "WeaveScorerResult", "auto_summarize"]


class _SignatureError(UsageError, ValueError):
    """The ``score`` method of a scorer has parameters that exclude each other."""


class WeaveScorerResult(BaseModel):
    """What a guardrail-like scorer says; stored as a plain dict.

    Attributes:
        passed: Whether the output is good enough.
        metadata: Anything about why.

    Example:
        >>> WeaveScorerResult(passed=False, metadata={"reason": "rude"}).passed
        False
    """

    # Tells the codec of models.
    _weave_is_plain: ClassVar[bool] = True

    passed: bool
    metadata: dict[str, Any] = Field(default_factory=dict)


class Scorer(Object):
    """The base of scorers: give it fields, and a ``score`` that is an op.

    ``score`` gets the output of a call as ``output`` and, by their names, the columns of the row
    or the inputs of the call that it has parameters for.

    Args:
        column_map: Parameter of ``score`` -> name of the column that it takes, where they differ.

    Example:
        >>> class Shorter(Scorer):
        ...     limit: int
        ...
        ...     @op
        ...     def score(self, *, output: str) -> dict:
        ...         return {"ok": len(output) < self.limit}
        >>> Shorter(limit=3).score(output="hi")
        {'ok': True}
    """

    column_map: dict[str, str] | None = None

    def model_post_init(self, __context: Any, /) -> None:
        """Check the signature of ``score``.

        Raises:
            ValueError: It has both ``output`` and ``model_output``.
        """
        super().model_post_init(__context)
        score: Any = getattr(type(self), "score", None)
        function = score.resolve_fn if is_op(score) else score
        if callable(function):
            names = {*(plan := plan_for(function)).positional, *plan.keyword_only}
            if {"output", "model_output"} <= names:
                raise _SignatureError(
                    f"{type(self).__name__}.score has both output and model_output; keep output, "
                    "model_output is its old name"
                )

    @op
    def score(self, *, output: Any, **kwargs: Any) -> Any:
        """Say how good an output is.

        Args:
            output: The output of a call.
            kwargs: Columns of its row.

        Raises:
            NotSupportedError: The class has no ``score`` of its own.
        """
        del output, kwargs
        raise NotSupportedError(
            f"{type(self).__name__} has no score; define it: @weave.op def score(self, *, output)"
        )

    @op
    def summarize(self, score_rows: list) -> dict[str, Any] | None:  # type: ignore[type-arg]
        """Sum up the scores of all rows; by default see ``auto_summarize``."""
        return auto_summarize(_rows(score_rows))


def _rows(score_rows: Iterable[Any]) -> list[Any]:
    return list(score_rows)


def __getattr__(name: str) -> Any:
    # The results of scoring have their documented home here.
    if name in {"ApplyScorerResult", "ApplyScorerSuccess"}:
        from weave_lite.flow.scoring import ApplyScorerSuccess  # noqa: PLC0415 - scores with this

        return ApplyScorerSuccess
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
