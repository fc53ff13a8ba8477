"""Which Python class a stored record belongs to, by name.

Classes register themselves here when they are made; nothing is kept alive by it. Knows neither
records nor pydantic's rules.
"""

from __future__ import annotations

import logging
import sys
import weakref
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from weave_lite.serialize.codecs.object_record import recorded_classes
from weave_lite.serialize.introspect import base_names
from weave_lite.serialize.registry import register_refable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "find_classes",
    "register_class",
    "register_object",
    "register_saved",
    "saved_classes",
]

logger = logging.getLogger("weave_lite")
C = TypeVar("C", bound=type)

# Our own classes register themselves like the user's, when their module is loaded; a program that
# only reads may not have loaded it. Names only: nothing here knows these classes.
_HOMES = {
    "Object": "weave_lite.flow.obj",
    "Model": "weave_lite.flow.model",
    "Dataset": "weave_lite.flow.dataset",
    "Evaluation": "weave_lite.flow.eval",
    "EvaluationResults": "weave_lite.flow.eval",
    "Agent": "weave_lite.flow.agent",
    "AgentState": "weave_lite.flow.agent",
    "AnnotationSpec": "weave_lite.flow.annotation_spec",
    "EasyPrompt": "weave_lite.flow.prompt.easy_prompt",
    "Leaderboard": "weave_lite.flow.leaderboard",
    "LeaderboardColumn": "weave_lite.flow.leaderboard",
    "MessagesPrompt": "weave_lite.flow.prompt.messages_prompt",
    "Prompt": "weave_lite.flow.prompt.prompt",
    "StringPrompt": "weave_lite.flow.prompt.string_prompt",
    "SavedView": "weave_lite.flow.saved_view.view",
    "Scorer": "weave_lite.flow.scorer",
    "Monitor": "weave_lite.flow.monitor",
    "LevenshteinScorer": "weave_lite.scorers.texts",
    "MultiTaskBinaryClassificationF1": "weave_lite.scorers.classification",
    "PydanticScorer": "weave_lite.scorers.models",
    "StringMatchScorer": "weave_lite.scorers.texts",
    "ValidJSONScorer": "weave_lite.scorers.formats",
    "ValidXMLScorer": "weave_lite.scorers.formats",
}
# Newest last. A notebook makes the same class again and again, so dead ones are dropped.
_by_name: dict[str, list[weakref.ref[type]]] = {}
_registered_by_hand: set[str] = set()
_saved_classes: tuple[type, ...] = ()


def register_class(cls: type) -> None:
    """Remember a class, so that stored records of its name come back as its instances."""
    alive = [ref for ref in _by_name.get(cls.__name__, ()) if ref() not in {None, cls}]
    _by_name[cls.__name__] = [*alive, weakref.ref(cls)]


def register_object(cls: C) -> C:
    """Remember a class by hand: a decorator for classes that have a ``from_obj`` classmethod.

    A second class of the same name takes the place of the first, with a warning: a notebook may
    run its cell again.

    Raises:
        TypeError: The class has no ``from_obj``.

    Source: weave 0.51.45 weave.trace.object_preparation, where a second class raises ValueError.
    """
    if not callable(getattr(cls, "from_obj", None)):
        raise TypeError(f"{cls.__name__} needs a classmethod from_obj(obj) to be registered")
    if cls.__name__ in _registered_by_hand:
        logger.warning("another class named %s was registered; it takes its place", cls.__name__)
    _registered_by_hand.add(cls.__name__)
    register_class(cls)
    return cls


def register_saved(cls: type) -> None:
    """Let instances of a class be stored as objects of their own; they have a ``ref``."""
    global _saved_classes  # noqa: PLW0603 - registration goes downward
    _saved_classes = (*_saved_classes, cls)
    register_refable(cls)


def saved_classes() -> tuple[type, ...]:
    """Return the classes whose instances are stored as objects of their own."""
    return _saved_classes


def find_classes(name: str, bases: Sequence[str]) -> Iterator[type]:
    """Find the classes of a name, the best first: the newest of those with the same bases.

    Args:
        name: Class name of the record.
        bases: Its ``_bases``.
    """
    if name in _HOMES:
        import_module(_HOMES[name])
    known = [cls for ref in reversed(_by_name.get(name, ())) if (cls := ref()) is not None]
    wanted = list(bases)
    # Stable: the newest of equals stays first.
    known.sort(key=lambda cls: base_names(cls) != wanted)
    yield from known
    for cls in (*reversed(recorded_classes()), *_pydantic_classes(name)):
        if cls not in known and cls.__name__ == name and base_names(cls) == wanted:
            known.append(cls)
            yield cls


def _pydantic_classes(name: str) -> Iterator[type[Any]]:
    """Find the user's pydantic models, which do not register themselves."""
    homes = [sys.modules.get(name) for name in ("pydantic.main", "pydantic.v1.main")]
    waiting: list[type[Any]] = [home.BaseModel for home in homes if home is not None]
    while waiting:
        for cls in reversed(waiting.pop().__subclasses__()):
            waiting.append(cls)
            if cls.__name__ == name and not cls.__module__.startswith(("weave_lite.", "pydantic.")):
                yield cls
