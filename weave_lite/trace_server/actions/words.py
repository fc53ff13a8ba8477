"""The action that looks for words in the output of a call."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["contains_words"]


def contains_words(output: Any, target_words: list[str]) -> bool:
    """Tell whether any of the words is a part of the JSON text of an output; case matters.

    Example:
        >>> contains_words({"answer": "grüße an alle"}, ["grüße"])
        True
    """
    text = json.dumps(output, ensure_ascii=False)
    return any(word in text for word in target_words)
