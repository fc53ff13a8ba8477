"""Scorers that tell whether a text is of a format."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from weave_lite.flow.scorer import Scorer
from weave_lite.trace.op import op

__all__ = ["ValidJSONScorer", "ValidXMLScorer"]


class ValidJSONScorer(Scorer):
    """Whether the output is JSON. What is no text is not.

    Example:
        >>> ValidJSONScorer().score(output='{"a": 1}')
        {'json_valid': True}
    """

    @op
    def score(self, *, output: Any, **kwargs: Any) -> dict[str, bool]:
        """Read the output as JSON.

        Args:
            output: The output.
            kwargs: Columns; not looked at.
        """
        del kwargs
        try:
            json.loads(output)
        except (ValueError, TypeError, RecursionError):
            return {"json_valid": False}
        return {"json_valid": True}


class ValidXMLScorer(Scorer):
    """Whether the output, or what stands under its key ``output``, is XML.

    Example:
        >>> ValidXMLScorer().score(output="<a><b/></a>")
        {'xml_valid': True}
    """

    @op
    def score(self, *, output: Any, **kwargs: Any) -> dict[str, bool]:
        """Read the output as XML.

        Args:
            output: A text, or a dict with one.
            kwargs: Columns; not looked at.
        """
        del kwargs
        text = output.get("output", "") if isinstance(output, dict) else output
        if not isinstance(text, str | bytes) or _declares_entities(text):
            return {"xml_valid": False}
        try:
            ET.fromstring(text)  # noqa: S314 - entities were refused
        except (ET.ParseError, ValueError):
            return {"xml_valid": False}
        return {"xml_valid": True}


def _declares_entities(text: str | bytes) -> bool:
    """Tell whether a text defines entities, by which a short one can grow without end."""
    return "<!ENTITY" in text if isinstance(text, str) else b"<!ENTITY" in text
