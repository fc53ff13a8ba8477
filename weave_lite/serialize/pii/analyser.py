"""The optional analyser, which also finds names and places. Loaded only when it is wanted."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["find_analyser"]

# Of English; the largest that is installed is taken, for the analyser would download one itself.
_MODELS = ("en_core_web_lg", "en_core_web_trf", "en_core_web_md", "en_core_web_sm")


def find_analyser(entities: Sequence[str]) -> Callable[[str], list[tuple[int, int, str]]] | None:
    """Make a function that finds entities in a text: of each start, end and kind.

    Args:
        entities: What to look for, by the names of the analyser.

    Returns:
        The function; None when ``presidio-analyzer`` or a language model is not installed.
    """
    if find_spec("presidio_analyzer") is None:
        return None
    model = next((name for name in _MODELS if find_spec(name) is not None), None)
    if model is None:
        return None
    engine_module: Any = import_module("presidio_analyzer")
    nlp_module: Any = import_module("presidio_analyzer.nlp_engine")

    configuration = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": model}],
    }
    engine: Any = engine_module.AnalyzerEngine(
        nlp_engine=nlp_module.NlpEngineProvider(nlp_configuration=configuration).create_engine(),
        supported_languages=["en"],
    )
    wanted = list(entities)

    def find(text: str) -> list[tuple[int, int, str]]:
        results = engine.analyze(text=text, language="en", entities=wanted)
        return [(result.start, result.end, result.entity_type) for result in results]

    return find
