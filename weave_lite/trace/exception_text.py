"""The JSON text of an exception as a call's record holds it, without the frames of the tracer."""

from __future__ import annotations

import linecache
import os
from typing import TYPE_CHECKING, Any

from weave_lite.core import jsontext

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["exception_text"]

_TRACE = __file__.removesuffix("exception_text.py")
_OWN_FOLDERS = (_TRACE, f"{_TRACE.removesuffix(f'trace{os.sep}')}flow{os.sep}")
# A deep recursion would make each record large: the outermost and innermost frames tell the story.
_KEPT_FRAMES = 50


def exception_text(error: BaseException) -> str:
    """Write an exception as JSON text: ``type``, ``message`` and, if it was raised, ``traceback``.

    Example:
        >>> exception_text(ValueError("bad"))
        '{"type":"ValueError","message":"bad"}'
    """
    record: dict[str, Any] = {"type": type(error).__name__, "message": _message(error)}
    frames = _frames(error)
    if frames:
        record["traceback"] = _described(frames)
    return jsontext.compact(record)


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:  # the user's class may refuse in any way
        return f"<{type(error).__name__} without a printable message>"


def _frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """List frames and line numbers, outermost first, down to where the exception was raised."""
    traceback = error.__traceback__
    if traceback is None:
        return []
    outer: list[tuple[FrameType, int]] = []
    frame = traceback.tb_frame.f_back
    while frame is not None:
        outer.append((frame, frame.f_lineno))
        frame = frame.f_back
    outer.reverse()
    while traceback is not None:
        outer.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return [
        (frame, line)
        for frame, line in outer
        if not frame.f_code.co_filename.startswith(_OWN_FOLDERS)
    ]


def _described(frames: list[tuple[FrameType, int]]) -> list[dict[str, Any]]:
    left_out = len(frames) - 2 * _KEPT_FRAMES
    if left_out <= 0:
        return [_describe(frame, line) for frame, line in frames]
    gap = {
        "filename": "",
        "line_number": 0,
        "function_name": "",
        "text": f"... {left_out} frames left out ...",
    }
    return [
        *(_describe(frame, line) for frame, line in frames[:_KEPT_FRAMES]),
        gap,
        *(_describe(frame, line) for frame, line in frames[-_KEPT_FRAMES:]),
    ]


def _describe(frame: FrameType, line: int) -> dict[str, Any]:
    code = frame.f_code
    try:
        text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    except Exception:  # a loader of the user's that fails
        text = ""
    return {
        "filename": code.co_filename,
        "line_number": line,
        "function_name": code.co_name,
        "text": text,
    }
