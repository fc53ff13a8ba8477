"""Feedback of a project, and on one ref: found when first looked at, and added. The documented home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from weave_lite.core.errors import InvalidRefError, InvalidRequest
from weave_lite.core.refs import ObjectRef, Ref, parse_uri
from weave_lite.trace.client_context import require_client
from weave_lite.trace.feedback_list import Feedbacks
from weave_lite.trace.ref_list import Refs
from weave_lite.trace.requests import equal, query_of, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.interface.feedback import Feedback
    from weave_lite.trace_server.interface.query import Query

__all__ = ["FeedbackQuery", "Feedbacks", "RefFeedbackQuery", "Refs", "find_feedback"]

_RESERVED = "wandb."
_REACTION = "wandb.reaction.1"
_NOTE = "wandb.note.1"
_ANNOTATION = "wandb.annotation."


class _AnnotationRefError(InvalidRefError, TypeError):
    """An annotation names something else than an object as its spec."""


class FeedbackQuery:
    """Feedback of a project, the oldest first. It is read when it is first looked at, and then kept.

    Args:
        entity: First part of the project id.
        project: Second part of it.
        query: A condition in the query language; also as a dict (``{"$expr": ...}``). None: all.
        offset: How many to skip.
        limit: Most feedback.
        show_refs: Whether its table shows what each is about.
        client: Who reads; by default the active client.

    Raises:
        InvalidQueryError: The query is not a sentence of the query language.
    """

    def __init__(
        self,
        entity: str,
        project: str,
        query: Query | Mapping[str, Any] | None,
        offset: int | None = None,
        limit: int | None = None,
        show_refs: bool = False,
        *,
        client: Any = None,
    ) -> None:
        self.entity = entity
        self.project = project
        self.query = query_of(query)
        self.offset = offset
        self.limit = limit
        self.show_refs = show_refs
        self._client = client
        self._found: Feedbacks | None = None

    @property
    def project_id(self) -> str:
        """The project as ``entity/project``."""
        return f"{self.entity}/{self.project}"

    def execute(self) -> Feedbacks:
        """Return the feedback; it is read the first time only.

        Raises:
            InvalidRequest: The query names an unknown field, or limit or offset is negative.
            WeaveInitError: No client is active.
        """
        return self.refresh() if self._found is None else self._found

    def refresh(self) -> Feedbacks:
        """Read the feedback anew, and return it.

        Raises:
            InvalidRequest: The query names an unknown field, or limit or offset is negative.
            WeaveInitError: No client is active.
        """
        from weave_lite.trace_server.interface import feedback as wire  # noqa: PLC0415 - needs pydantic

        client = self._require_client()
        client.recorder.flush()
        req = request_of(
            wire.FeedbackQueryReq,
            project_id=self.project_id,
            query=self.query,
            sort_by=[{"field": "created_at", "direction": "asc"}],
            offset=self.offset or None,
            limit=self.limit,
        )
        rows = client.server.feedback_query(req).result
        found = [wire.Feedback.model_validate(row) for row in rows]
        self._found = Feedbacks(self.show_refs, found, client=client)
        return self._found

    def refs(self) -> Refs:
        """Return what the feedback is about, each once."""
        return self.execute().refs()

    def _require_client(self) -> Any:
        return require_client() if self._client is None else self._client

    def __iter__(self) -> Iterator[Feedback]:
        return iter(self.execute())

    def __len__(self) -> int:
        return len(self.execute())

    @overload
    def __getitem__(self, key: int) -> Feedback: ...
    @overload
    def __getitem__(self, key: slice) -> Feedbacks: ...
    def __getitem__(self, key: int | slice) -> Feedback | Feedbacks:
        return self.execute()[key]

    def __repr__(self) -> str:
        limits = f"limit={self.limit}, offset={self.offset or 0}"
        return f"{type(self).__name__}({self.project_id!r}, {limits})"

    def __str__(self) -> str:
        return str(self.execute())

    # --- in a notebook ---

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import feedback_html  # noqa: PLC0415 - notebooks only

        return feedback_html(self, self.execute)


class RefFeedbackQuery(FeedbackQuery):
    """The feedback on one call, object or op: read when it is first looked at, and added here.

    Args:
        ref: What it is about: a URI, or a ref.
        client: Who reads and writes; by default the active client.

    Raises:
        InvalidRefError: It is no ref.

    Example:
        Say that a call was good, and why::

            call.feedback.add_reaction("👍")
            call.feedback.add_note("short and right")
            call.feedback.add("correctness", {"value": 5})
    """

    def __init__(self, ref: str | Ref, *, client: Any = None) -> None:
        uri = ref.uri() if isinstance(ref, Ref) else ref
        parsed = parse_uri(uri)
        condition = {"$expr": equal("weave_ref", uri)}
        super().__init__(parsed.entity, parsed.project, condition, client=client)
        self.weave_ref = uri

    def add(
        self,
        feedback_type: str,
        payload: Mapping[str, Any] | None = None,
        creator: str | None = None,
        annotation_ref: str | ObjectRef | None = None,
        **kwargs: Any,
    ) -> str:
        """Add feedback.

        Args:
            feedback_type: Any text; those that begin with ``wandb.`` are reserved, but for
                ``wandb.annotation.NAME``.
            payload: What there is to say, as JSON values.
            creator: Name to show of who says it.
            annotation_ref: Ref of the annotation spec that the payload's ``value`` follows.
            kwargs: Put over the payload.

        Returns:
            Its id.

        Raises:
            InvalidRequest: The type is reserved or does not fit, or the server refuses the payload
                (also a ValueError); a TypeError, too, when ``annotation_ref`` is of no object.
            NotFoundError: There is no such annotation spec.
            WeaveInitError: No client is active.
        """
        if not isinstance(feedback_type, str):
            kind = type(feedback_type).__name__
            raise InvalidRequest(f"feedback_type must be a text, not {kind}")
        if payload is not None and not isinstance(payload, Mapping):
            raise InvalidRequest(f"payload must be a dict, not {type(payload).__name__}")
        spec = None if annotation_ref is None else _spec_uri(feedback_type, annotation_ref)
        if spec is None and feedback_type.startswith(_RESERVED):
            raise InvalidRequest(
                f"feedback_type {feedback_type!r:.140} is reserved: choose one that does not begin "
                "with 'wandb.', use add_reaction or add_note, or give annotation_ref"
            )
        return self._add(feedback_type, {**(payload or {}), **kwargs}, creator, spec)

    def add_reaction(self, emoji: str, creator: str | None = None) -> str:
        """Add exactly one emoji; returns the id of the feedback.

        Raises:
            InvalidRequest: It is not one emoji.
            WeaveInitError: No client is active.
        """
        return self._add(_REACTION, {"emoji": emoji}, creator)

    def add_note(self, note: str, creator: str | None = None) -> str:
        """Add a text of 1 to 1024 characters; returns the id of the feedback.

        Raises:
            InvalidRequest: It is empty or too long.
            WeaveInitError: No client is active.
        """
        return self._add(_NOTE, {"note": note}, creator)

    def purge(self, feedback_id: str) -> None:
        """Delete a feedback for good; an unknown id is ignored.

        Raises:
            InvalidRequest: The id is not a text.
            WeaveInitError: No client is active.
        """
        from weave_lite.trace_server.interface import feedback as wire  # noqa: PLC0415 - needs pydantic

        if not isinstance(feedback_id, str):
            raise InvalidRequest(f"feedback_id must be a text, not {type(feedback_id).__name__}")
        client = self._require_client()
        # Scores are written in the background: one of them may be what is to go.
        client.recorder.flush()
        query = {"$expr": equal("id", feedback_id)}
        client.server.feedback_purge(
            request_of(wire.FeedbackPurgeReq, project_id=self.project_id, query=query)
        )
        self._found = None

    def _add(
        self,
        feedback_type: str,
        payload: dict[str, Any],
        creator: str | None,
        annotation_ref: str | None = None,
    ) -> str:
        from weave_lite.trace_server.interface import feedback as wire  # noqa: PLC0415 - needs pydantic

        client = self._require_client()
        # What the feedback is about, and the spec of an annotation, may be on their way.
        client.recorder.flush()
        req = request_of(
            wire.FeedbackCreateReq,
            project_id=self.project_id,
            weave_ref=self.weave_ref,
            feedback_type=feedback_type,
            payload=payload,
            creator=creator,
            annotation_ref=annotation_ref,
        )
        feedback_id: str = client.server.feedback_create(req).id
        self._found = None
        return feedback_id

    def __repr__(self) -> str:
        return f"RefFeedbackQuery({self.weave_ref!r})"


def find_feedback(
    client: Any,
    query: Query | Mapping[str, Any] | str | None,
    reaction: str | None,
    offset: int,
    limit: int,
) -> FeedbackQuery:
    """Make the query of ``client.get_feedback``: by id or condition, and by emoji.

    Raises:
        InvalidQueryError: The query is neither an id nor a sentence of the query language.
        InvalidRequest: The reaction is not a text.
    """
    if isinstance(query, str):
        query = {"$expr": equal("id", query)}
    condition = query_of(query)
    if reaction is not None:
        if not isinstance(reaction, str):
            raise InvalidRequest(f"reaction must be an emoji, not {type(reaction).__name__}")
        parts: list[Any] = [equal("feedback_type", _REACTION), equal("payload.emoji", reaction)]
        if condition is not None:
            parts.insert(0, condition.expr_)
        condition = query_of({"$expr": {"$and": parts}})
    return FeedbackQuery(
        client.entity, client.project, condition, offset, limit, show_refs=True, client=client
    )


def _spec_uri(feedback_type: str, annotation_ref: str | ObjectRef) -> str:
    """Check that an annotation is one, and return the URI of its spec."""
    name = feedback_type.removeprefix(_ANNOTATION)
    if not name or name == feedback_type:
        raise InvalidRequest(
            f"feedback_type must be '{_ANNOTATION}NAME' where annotation_ref is given, "
            f"not {feedback_type!r:.140}"
        )
    try:
        ref: Any = parse_uri(annotation_ref) if isinstance(annotation_ref, str) else annotation_ref
    except InvalidRefError as error:
        raise _AnnotationRefError(f"annotation_ref: {error}") from error
    if not isinstance(ref, ObjectRef):
        raise _AnnotationRefError(
            f"annotation_ref must be the ref of an annotation spec, not {annotation_ref!r:.140}"
        )
    return ref.uri()
