"""Scorers that tell whether an output fits a data model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from weave_lite.core.errors import NotSupportedError
from weave_lite.flow.scorer import Scorer
from weave_lite.trace.op import op

__all__ = ["PydanticScorer"]


class PydanticScorer(Scorer):
    """Whether the output is valid for a pydantic model.

    Args:
        model: The class.

    Example:
        >>> class City(BaseModel):
        ...     name: str
        >>> PydanticScorer(model=City).score(output='{"name": "Rome"}')
        {'valid_pydantic': True}
    """

    model: type[BaseModel]

    @op
    def score(self, output: Any, **kwargs: Any) -> dict[str, bool]:
        """Validate the output.

        Args:
            output: JSON as a text, or a value.
            kwargs: Columns; not looked at.

        Raises:
            NotSupportedError: The scorer was read from the store, which has no class.
        """
        del kwargs
        if not isinstance(self.model, type):
            raise NotSupportedError(
                "a stored PydanticScorer has the schema of its model and not the class: make it "
                "again, PydanticScorer(model=...)"
            )
        try:
            if isinstance(output, str | bytes):
                self.model.model_validate_json(output)
            else:
                self.model.model_validate(output)
        except ValidationError:
            return {"valid_pydantic": False}
        return {"valid_pydantic": True}
