"""Scorers that are ready to use, and need no network and no model.

Those of upstream that ask a model or a service are not here; naming one says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weave_lite.flow.scorer import Scorer, WeaveScorerResult
    from weave_lite.scorers.classification import (
        MultiTaskBinaryClassificationF1,
        transpose,
    )
    from weave_lite.scorers.formats import ValidJSONScorer, ValidXMLScorer
    from weave_lite.scorers.models import PydanticScorer
    from weave_lite.scorers.texts import LevenshteinScorer, StringMatchScorer

__all__ = [
    "LevenshteinScorer",
    "MultiTaskBinaryClassificationF1",
    "PydanticScorer",
    "Scorer",
    "StringMatchScorer",
    "ValidJSONScorer",
    "ValidXMLScorer",
    "WeaveScorerResult",
    "transpose",
]

_HOMES = {
    "LevenshteinScorer": "weave_lite.scorers.texts",
    "MultiTaskBinaryClassificationF1": "weave_lite.scorers.classification",
    "PydanticScorer": "weave_lite.scorers.models",
    "Scorer": "weave_lite.flow.scorer",
    "StringMatchScorer": "weave_lite.scorers.texts",
    "ValidJSONScorer": "weave_lite.scorers.formats",
    "ValidXMLScorer": "weave_lite.scorers.formats",
    "WeaveScorerResult": "weave_lite.flow.scorer",
    "transpose": "weave_lite.scorers.classification",
}
# Upstream's names for what needs a model, model files or a service.
_ELSEWHERE = frozenset(
    "BedrockGuardrailScorer ContextEntityRecallScorer ContextRelevancyScorer EmbeddingSimilarityScorer"
    " HallucinationFreeScorer LLMScorer OpenAIModerationScorer PresidioScorer"
    " PromptInjectionLLMGuardrail SummarizationScorer WeaveBiasScorerV1 WeaveCoherenceScorerV1"
    " WeaveContextRelevanceScorerV1 WeaveFluencyScorerV1 WeaveHallucinationScorerV1"
    " WeaveToxicityScorerV1 WeaveTrustScorerV1".split()
)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        if name in _ELSEWHERE:
            raise AttributeError(
                f"{name} asks a model or a service, and is not part of weave_lite; write a "
                "weave.Scorer whose score asks yours"
            )
        raise AttributeError(f"module 'weave_lite.scorers' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - part of loading late

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
