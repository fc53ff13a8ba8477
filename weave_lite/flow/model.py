"""Model: an Object that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import MissingInferenceMethodError
from weave_lite.flow.obj import Object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Model"]

_INFER_METHOD_NAMES = ("predict", "infer", "forward", "invoke")


class Model(Object):
    """A combination of code and data that answers an input.

    Changing its attributes or the code of its traced methods makes a new version, so predictions of
    different versions can be compared.

    Example:
        >>> from weave_lite.trace.op import op
        >>> class Greeter(Model):
        ...     greeting: str
        ...
        ...     @op
        ...     def predict(self, name: str) -> str:
        ...         return f"{self.greeting} {name}"
        >>> Greeter(greeting="hello").predict("Ada")
        'hello Ada'
    """

    def get_infer_method(self) -> Callable[..., Any]:
        """Return the method that answers: predict, infer, forward or invoke, the first there is.

        Raises:
            MissingInferenceMethodError: There is none of them.
        """
        for name in _INFER_METHOD_NAMES:
            method = getattr(self, name, None)
            if callable(method):
                return method  # type: ignore[no-any-return]
        raise MissingInferenceMethodError(
            f"{type(self).__name__} has no method that answers; give it one of "
            + ", ".join(_INFER_METHOD_NAMES)
        )
