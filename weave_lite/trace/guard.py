"""What happens when tracing itself fails: one log line per distinct failure, user code goes on."""

from __future__ import annotations

from weave_lite.trace.context import raises_captured_errors

__all__ = ["LOGGER_NAME", "captured", "raise_on_captured_errors", "warn"]

LOGGER_NAME = "weave_lite"
_SEEN_LIMIT = 1000
_seen: set[str] = set()


def captured(what: str, error: BaseException, *, logger: str = "weave_lite.trace.op") -> None:
    """Log a failure of our own, once per distinct message, or raise it when a test asks for that.

    Args:
        what: What failed, such as ``"Error creating call"``.
        error: The failure.
        logger: Name of the logger.
    """
    if raises_captured_errors.get():
        raise error
    import logging  # noqa: PLC0415 - not needed while nothing fails
    import traceback  # noqa: PLC0415

    try:
        key = f"{what}:{type(error).__name__}:{error}"
    except Exception:  # an exception whose text cannot be made
        key = f"{what}:{type(error).__name__}"
    if not _is_first(key):
        return
    try:
        trace = "".join(traceback.format_exception(error))
    except Exception:
        trace = type(error).__name__
    logging.getLogger(logger).error(
        "%s:\n%s(subsequent messages of this type will be suppressed)", what, trace
    )


def warn(message: str, *, once: bool = True, logger: str = LOGGER_NAME) -> None:
    """Log a warning; by default each distinct message once per process."""
    if once and not _is_first(message):
        return
    import logging  # noqa: PLC0415 - not needed while all is well

    logging.getLogger(logger).warning(message)


def _is_first(key: str) -> bool:
    if key in _seen:
        return False
    if len(_seen) >= _SEEN_LIMIT:
        # Messages that hold ids are all distinct; the memory for them stays bounded.
        _seen.clear()
    _seen.add(key)
    return True


class raise_on_captured_errors:  # noqa: N801 - used like a function
    """Raise the failures of tracing inside the block instead of logging them. For tests.

    Example:
        >>> with raise_on_captured_errors():
        ...     pass
    """

    def __enter__(self) -> None:
        self._before = raises_captured_errors.get()
        raises_captured_errors.set(True)

    def __exit__(self, *exc_info: object) -> None:
        raises_captured_errors.set(self._before)
