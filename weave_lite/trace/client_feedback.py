"""The part of the client that finds feedback."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from weave_lite.trace.feedback import FeedbackQuery, RefFeedbackQuery, find_feedback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.core.refs import Ref
    from weave_lite.trace_server.interface.query import Query

__all__ = ["ClientFeedback"]


class ClientFeedback:
    """Feedback in one project."""

    def get_feedback(
        self,
        query: Query | Mapping[str, Any] | str | None = None,
        *,
        reaction: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> FeedbackQuery:
        """Find feedback of this project, the oldest first. It is read when it is first looked at.

        Args:
            query: The id of a feedback, or a condition in the query language, also as a dict.
            reaction: Only reactions with exactly this emoji.
            offset: How many to skip.
            limit: Most feedback.

        Raises:
            InvalidQueryError: The query is neither.
            InvalidRequest: The reaction is not a text.

        Example:
            Read the calls that somebody liked::

                client.get_feedback(reaction="👍").refs().calls()
        """
        return find_feedback(self, query, reaction, offset, limit)

    def feedback(
        self,
        query: Query | Mapping[str, Any] | str | None = None,
        *,
        reaction: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> FeedbackQuery:
        """Find feedback: the old name of :meth:`get_feedback`."""
        warnings.warn(
            "WeaveClient.feedback is deprecated, use WeaveClient.get_feedback",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.get_feedback(query, reaction=reaction, offset=offset, limit=limit)

    def feedback_on(self, ref: Ref | str) -> RefFeedbackQuery:
        """Find the feedback on one call, object or op, and add to it.

        Args:
            ref: A ref, or its URI.

        Raises:
            InvalidRefError: It is no ref.
        """
        return RefFeedbackQuery(ref, client=self)
