"""The model, dataset and scorers of an evaluation made by hand, which may be mere names."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import create_model

from weave_lite.core.errors import NotSupportedError, UsageError
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.dataset import Dataset
from weave_lite.flow.eval_names import dated_name
from weave_lite.flow.model import Model
from weave_lite.flow.scorer import Scorer
from weave_lite.trace.op import as_op, is_op, op
from weave_lite.trace.values.record import WeaveObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.flow.obj import Object

__all__ = ["NamedScorer", "dataset_of", "model_of", "scorer_of", "stub_op"]


class _PartError(UsageError, TypeError):
    """A value cannot be the model, dataset or scorer of an evaluation."""


class _NameError(UsageError, ValueError):
    """A model or scorer is described without a name, or with a name that cannot be a field."""


class NamedScorer(NamedTuple):
    """A scorer whose scores are given.

    Attributes:
        name: Its name, which its scores stand under.
        value: What is stored: a ``Scorer`` or an op.
        op: The op of its calls.
    """

    name: str
    value: Any
    op: Any


@lru_cache(maxsize=1000)
def stub_op(name: str) -> Any:
    """Return an op that is only the name of calls; its code is not stored."""

    def stub(self: Any, *, output: Any = None, inputs: Any = None) -> Any:
        del self, output, inputs
        raise NotSupportedError(f"op {name!r} is only a name for logged calls; it has no code")

    stub.__qualname__ = "Stub.score"  # it becomes a method, which is told by this name
    return op(stub, name=name, enable_code_capture=False)


def model_of(value: Any) -> Any:
    """Make the model of an evaluation: of a name, a dict with a name, or nothing.

    Raises:
        TypeError: It is none of these and no ``Model``.
        ValueError: The name is missing or empty, or an attribute cannot be one.
    """
    if value is None:
        return Model()
    if isinstance(value, ObjectRef):
        value = value.get()
    if isinstance(value, Model | WeaveObject):
        return value
    name, attributes = _described(value, "model", "a weave.Model")
    return _instance(Model, name, attributes, "predict", stub_op("Model.predict"))


def dataset_of(value: Any) -> Any:
    """Make the dataset of an evaluation: of a name, rows, or nothing.

    Raises:
        UsageError: The name is empty.
    """
    if value is None:
        return Dataset(rows=[{"dataset_id": f"{dated_name('')}-dataset"}])
    if isinstance(value, str):
        clean_object_id(value)
        return Dataset(name=value, rows=[{"dataset_id": value}])
    return value


def scorer_of(value: Any) -> NamedScorer:
    """Make a scorer: of a name, a dict with a name, a ``Scorer`` or an op.

    Raises:
        TypeError: It is none of these.
        ValueError: The name is missing or empty, or an attribute cannot be one.
    """
    if is_op(value):
        name = clean_object_id(as_op(value).name)
        return NamedScorer(name, value, stub_op(name))
    if isinstance(value, ObjectRef):
        value = value.get()
    if not isinstance(value, Scorer | WeaveObject):
        name, attributes = _described(value, "scorer", "a weave.Scorer, an op")
        value = _instance(Scorer, name, attributes, "score", stub_op(clean_object_id(name)))
    own = getattr(value, "name", None) or getattr(value, "_class_name", type(value).__name__)
    name = clean_object_id(str(own))
    return NamedScorer(name, value, stub_op(name))


def _described(value: Any, what: str, kinds: str) -> tuple[str, dict[str, Any]]:
    """Take apart a name, or a dict with a name and attributes."""
    if isinstance(value, str):
        clean_object_id(value)
        return value, {}
    if not isinstance(value, Mapping):
        raise _PartError(
            f"{what} must be {kinds}, a name, or a dict with a name, not {type(value).__name__}"
        )
    name = value.get("name")
    if not isinstance(name, str):
        raise _NameError(f"{what} is a dict without a name; give it one: {{'name': 'my-{what}'}}")
    clean_object_id(name)
    return name, {key: item for key, item in value.items() if key != "name"}


def _instance(
    base: type[Object], name: str, attributes: Mapping[str, Any], method: str, stub: Any
) -> Any:
    known = base.__pydantic_fields__
    own = [key for key in attributes if key not in known or key == "ref"]
    for key in own:
        is_name = isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)
        if not is_name or key.startswith("_") or hasattr(base, key) or key in {"ref", method}:
            raise _NameError(f"attribute {key!r} of {name!r} cannot be a field; rename it")
    cls = _class_of(base, clean_object_id(name), tuple(sorted(own)), method, stub)
    return cls(name=name, **attributes)


@lru_cache(maxsize=1000)
def _class_of(
    base: type[Object], name: str, fields: tuple[str, ...], method: str, stub: Any
) -> Callable[..., Any]:
    declared: dict[str, Any] = dict.fromkeys(fields, (Any, ...))
    cls = create_model(name, __base__=base, __module__=__name__, **declared)
    setattr(cls, method, stub)
    return cls
