"""The codec of ops: a function to the text of its ``obj.py``, and back when the user allows it.

The work is done by the ``source_*`` modules, which are loaded with the first op that is stored.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load_op_source", "op_source"]


def op_source(
    fn: Callable[..., Any],
    *,
    name: str,
    capture: bool = True,
    reference: Callable[[Any], str | None],
) -> str:
    """Return the text that is stored for an op: its code with all that it needs of its module.

    The same code with the same globals gives the same text in every process. It never fails:
    what has no source, or cannot be captured, is stored as a stub.

    Args:
        fn: The undecorated callable.
        name: Name of the op; it names the definition of a lambda.
        capture: False stores a stub that has a digest of the source and nothing else of it.
        reference: Gives the URI of a value that is stored on its own, else None.

    Example:
        >>> print(op_source(len, name="len", reference=lambda value: None).splitlines()[3])
        def len(obj, /):

    Source: weave 0.51.45, measured. Differs on purpose: values are Python and without secrets,
        lambdas and aliased imports are loadable, and no text depends on the process.
    """
    from weave_lite.serialize.source import stub  # noqa: PLC0415 - loaded with the first stored op

    if not capture:
        return _encodable(stub.disabled_stub(fn))
    from weave_lite.serialize.source.capture import capture_source  # noqa: PLC0415
    from weave_lite.serialize.source.lookup import plain_function  # noqa: PLC0415

    text = None
    try:
        function = plain_function(fn)
        if function is not None:
            text = capture_source(function, name, reference)
    except Exception:  # the traced program must go on, whatever its code looks like
        logging.getLogger("weave_lite").debug("op %r is stored as a stub", name, exc_info=True)
    return _encodable(stub.unavailable_stub(fn, name) if text is None else text)


def load_op_source(text: str, name: str) -> Callable[..., Any]:
    """Run the stored code of an op and return the op. Call it only when the user has allowed it.

    ``inspect.getsource`` and tracebacks of the op show the stored code.

    Args:
        text: Content of ``obj.py``.
        name: Name of the op, for messages.

    Raises:
        DecodeError: The code is not valid, fails, or defines no op; the failure is its cause.
    """
    from weave_lite.serialize.source.load import run_op_source  # noqa: PLC0415 - rarely allowed

    return run_op_source(text, name)


def _encodable(text: str) -> str:
    """Write lone surrogates as escapes: they may stand in source, but not in a file."""
    return text.encode(errors="backslashreplace").decode()
