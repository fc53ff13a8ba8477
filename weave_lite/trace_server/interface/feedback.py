"""Feedback on calls and objects, and what a server of feedback does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from pydantic import Field

from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

__all__ = [
    "Feedback",
    "FeedbackCreateReq",
    "FeedbackCreateRes",
    "FeedbackPayloadNoteReq",
    "FeedbackPayloadReactionReq",
    "FeedbackPurgeReq",
    "FeedbackPurgeRes",
    "FeedbackQueryReq",
    "FeedbackQueryRes",
    "FeedbackReplaceReq",
    "FeedbackReplaceRes",
    "FeedbackServer",
]


class _FeedbackContent(WireModel):
    project_id: str
    weave_ref: str
    creator: str | None = None
    feedback_type: str
    payload: dict[str, Any]
    annotation_ref: str | None = None
    runnable_ref: str | None = None
    call_ref: str | None = None
    trigger_ref: str | None = None
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None


class FeedbackCreateReq(_FeedbackContent):
    """Store a feedback on what ``weave_ref`` points to."""

    id: str | None = None


class FeedbackCreateRes(WireModel):
    """A stored feedback; ``payload`` replaces the sent one when it is not empty."""

    id: str
    created_at: UtcDatetime
    wb_user_id: str
    payload: dict[str, Any]


class Feedback(_FeedbackContent):
    """A feedback as it is read."""

    id: str
    created_at: UtcDatetime


class FeedbackQueryReq(WireModel):
    """Find feedback; ``fields`` names columns and paths into the payload."""

    project_id: str
    fields: list[str] | None = None
    query: Query | None = None
    sort_by: list[SortBy] | None = None
    limit: int | None = None
    offset: int | None = None


class FeedbackQueryRes(WireModel):
    """The feedback found: dicts, because any fields may be asked for."""

    result: list[dict[str, Any]]
    total_count: int | None = None


class FeedbackPurgeReq(WireModel):
    """Delete the feedback that a query finds."""

    project_id: str
    query: Query


class FeedbackPurgeRes(WireModel):
    """The feedback is deleted."""


class FeedbackReplaceReq(_FeedbackContent):
    """Store a feedback in the place of another."""

    feedback_id: str


class FeedbackReplaceRes(FeedbackCreateRes):
    """The new feedback."""


class FeedbackPayloadReactionReq(WireModel):
    """The payload of a reaction."""

    emoji: str


class FeedbackPayloadNoteReq(WireModel):
    """The payload of a note."""

    note: str = Field(min_length=1, max_length=1024)


class FeedbackServer(Protocol):
    """What a server of feedback does."""

    @abstractmethod
    def feedback_create(self, req: FeedbackCreateReq) -> FeedbackCreateRes:
        """Store a feedback."""

    @abstractmethod
    def feedback_query(self, req: FeedbackQueryReq) -> FeedbackQueryRes:
        """Read the feedback that a query finds."""

    @abstractmethod
    def feedback_purge(self, req: FeedbackPurgeReq) -> FeedbackPurgeRes:
        """Delete the feedback that a query finds."""

    @abstractmethod
    def feedback_replace(self, req: FeedbackReplaceReq) -> FeedbackReplaceRes:
        """Store a feedback in the place of another."""
