"""The rules of each type of feedback, checked before a transaction opens.

Feedback leaves here as it is stored (``store.feedback.NewFeedback``). Knows no connection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core import jsontext
from weave_lite.core.errors import EncodeError, InvalidRefError, InvalidRequest
from weave_lite.core.ref_texts import refs_in_json
from weave_lite.core.refs import CallRef, ObjectRef, OpRef, parse_server_uri
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server.store.feedback import NewFeedback
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.core.refs import ArtifactRef, InternalRef, TableRef
    from weave_lite.trace_server import trace_server_interface as tsi

    _Req = tsi.FeedbackCreateReq | tsi.FeedbackReplaceReq

__all__ = ["batch", "create", "purge", "query", "replace"]

MAX_PAYLOAD_BYTES: Final = 1024 * 1024
MAX_NOTE_LENGTH: Final = 1024
_REFS: Final = ("annotation_ref", "runnable_ref", "call_ref", "trigger_ref")
_REACTION: Final = "wandb.reaction.1"
_NOTE: Final = "wandb.note.1"
_ANNOTATION: Final = "wandb.annotation"
_RUNNABLE: Final = "wandb.runnable"
# The five shades that may follow an emoji of a person, and how short codes say them.
_SKIN_TONES: Final = dict.fromkeys(range(0x1F3FB, 0x1F400))
_TONES_IN_ALIAS: Final = re.compile(r"_(?:light|medium-light|medium|medium-dark|dark)_skin_tone")


def create(req: tsi.FeedbackCreateReq) -> NewFeedback:
    """Check a feedback and write it as it is stored.

    Raises:
        InvalidRequest: A field breaks a rule of the feedback's type; the message names it.
    """
    if req.id is not None:
        texts.check_call_id(req.id, "id")
    return _checked(req, req.id)


def batch(req: tsi.FeedbackCreateBatchReq) -> list[NewFeedback]:
    """Check all feedback of a batch, so that a bad one is known before any is stored.

    Raises:
        InvalidRequest: An item is refused; the message names it.
    """
    rows: list[NewFeedback] = []
    for index, item in enumerate(req.batch):
        try:
            rows.append(create(item))
        except InvalidRequest as error:
            raise InvalidRequest(f"batch[{index}]: {error}") from error
    return rows


def replace(req: tsi.FeedbackReplaceReq) -> NewFeedback:
    """Check a feedback that takes the place of another; it gets a new id.

    Raises:
        InvalidRequest: A field breaks a rule of the feedback's type; the message names it.
    """
    texts.check_call_id(req.feedback_id, "feedback_id")
    return _checked(req, None)


def purge(req: tsi.FeedbackPurgeReq) -> list[str]:
    """Check a purge and read the ids that it names.

    Raises:
        InvalidRequest: The query does not name ids, or the project id is not one.
    """
    from weave_lite.trace_server.query.id_query import ids_of  # noqa: PLC0415 - loads pydantic

    texts.check_project_id(req.project_id)
    return ids_of(req.query)


def query(req: tsi.FeedbackQueryReq) -> None:
    """Check the project and the page of a query of feedback.

    Raises:
        InvalidRequest: Limit or offset is negative, or the project id is not one.
    """
    texts.check_project_id(req.project_id)
    texts.check_page(req.limit, req.offset)


def _checked(req: _Req, feedback_id: str | None) -> NewFeedback:
    texts.check_project_id(req.project_id)
    for field in ("weave_ref", "feedback_type"):
        if not getattr(req, field):
            raise InvalidRequest(f"{field} is empty; name one")
    for field in ("weave_ref", "feedback_type", "creator", "wb_user_id", *_REFS):
        text = getattr(req, field)
        texts.check_text(text, field)
        if text is not None:
            texts.refuse_internal_ref(text, field)
    payload = _rule_of(req.feedback_type)(req)
    return NewFeedback(
        req.project_id,
        feedback_id,
        req.weave_ref,
        req.feedback_type,
        _payload_json(payload),
        req.creator,
        default_user() if req.wb_user_id is None else req.wb_user_id,
        # Some clients send an empty text for none.
        req.annotation_ref or None,
        req.runnable_ref or None,
        req.call_ref or None,
        req.trigger_ref or None,
        is_extended=payload is not req.payload,
    )


def _rule_of(feedback_type: str) -> Callable[[_Req], dict[str, Any]]:
    """Choose the rule of a type; a rule gives the payload to store."""
    if feedback_type == _REACTION:
        return _reaction
    if feedback_type == _NOTE:
        return _note
    if feedback_type.startswith(_ANNOTATION):
        return _annotation
    return _runnable if feedback_type.startswith(_RUNNABLE) else _any_object


def _any_object(req: _Req) -> dict[str, Any]:
    _refuse_refs(req, _REFS)
    return req.payload


def _reaction(req: _Req) -> dict[str, Any]:
    """Extend a reaction: its short code, and both without the tone of skin."""
    _refuse_refs(req, _REFS)
    import emoji  # noqa: PLC0415 - a large table that only reactions need

    text = _value(req, "emoji")
    found = emoji.emoji_list(text) if isinstance(text, str) else []
    if len(found) != 1 or found[0]["emoji"] != text:
        raise InvalidRequest(
            f"payload.emoji {text!r:.140} must be exactly one emoji; "
            "put text into a note, and send one reaction for each emoji"
        )
    alias = emoji.demojize(text)
    detoned_alias = _TONES_IN_ALIAS.sub("", alias)
    # By its short code, since an emoji can be written in several ways.
    detoned = emoji.emojize(detoned_alias)
    if detoned == detoned_alias:
        # Some couples have a short code with tones only.
        detoned = text.translate(_SKIN_TONES)
    return {**req.payload, "alias": alias, "detoned": detoned, "detoned_alias": detoned_alias}


def _note(req: _Req) -> dict[str, Any]:
    _refuse_refs(req, _REFS)
    note = _value(req, "note")
    if not isinstance(note, str) or not 1 <= len(note) <= MAX_NOTE_LENGTH:
        raise InvalidRequest(
            f"payload.note must be a text of 1 to {MAX_NOTE_LENGTH} characters; "
            "send a longer one as a feedback type of your own"
        )
    return req.payload


def _annotation(req: _Req) -> dict[str, Any]:
    """Check all but the value, which the spec in the store tells about."""
    name = _name(req.feedback_type, _ANNOTATION)
    # What gave the annotation may be told as for a runnable.
    _runnable_refs(req)
    _value(req, "value")
    ref = _ref(req, "annotation_ref")
    if ref is None:
        raise InvalidRequest("annotation_ref is missing; send the ref of the annotation spec")
    if not isinstance(ref, ObjectRef):
        raise InvalidRequest(
            f"annotation_ref {req.annotation_ref!r} is not the ref of an object; "
            "send that of the annotation spec"
        )
    _check_name("annotation_ref", ref, name)
    if ref.project_id != req.project_id:
        raise InvalidRequest(
            f"annotation_ref {req.annotation_ref!r} is of another project than {req.project_id!r}; "
            "publish the spec there"
        )
    return req.payload


def _runnable(req: _Req) -> dict[str, Any]:
    name = _name(req.feedback_type, _RUNNABLE)
    _refuse_refs(req, ("annotation_ref",))
    _value(req, "output")
    ref, call = _runnable_refs(req)
    if ref is None:
        raise InvalidRequest("runnable_ref is missing; send the ref of what gave the output")
    _check_name("runnable_ref", ref, name)
    if call is None and isinstance(ref, OpRef):
        raise InvalidRequest("call_ref is missing; send the ref of the op's call")
    return req.payload


def _runnable_refs(req: _Req) -> tuple[ObjectRef | None, CallRef | None]:
    """Read what ran and its call, where they are given; check what triggered it as well."""
    ref = _ref(req, "runnable_ref")
    if ref is not None and not isinstance(ref, ObjectRef):
        raise InvalidRequest(
            f"runnable_ref {req.runnable_ref!r} is not the ref of an op or object; "
            "send that of what gave the output"
        )
    call = _ref(req, "call_ref")
    if call is not None and not isinstance(call, CallRef):
        raise InvalidRequest(f"call_ref {req.call_ref!r} is not the ref of a call; send one")
    trigger = _ref(req, "trigger_ref")
    if trigger is not None and not isinstance(trigger, ObjectRef):
        raise InvalidRequest(
            f"trigger_ref {req.trigger_ref!r} is not the ref of an object or op; send one"
        )
    return ref, call


def _name(feedback_type: str, family: str) -> str:
    """Read what follows the family of a type and a dot."""
    name = feedback_type.removeprefix(f"{family}.")
    if not name or name == feedback_type:
        raise InvalidRequest(f"feedback_type {feedback_type!r} must be {family}.NAME")
    return name


def _check_name(field: str, ref: ObjectRef, name: str) -> None:
    if ref.name != name:
        raise InvalidRequest(
            f"{field} {ref.uri()!r} is of {ref.name!r}, but feedback_type names {name!r}; "
            "make them the same"
        )


def _refuse_refs(req: _Req, fields: tuple[str, ...]) -> None:
    for field in fields:
        if getattr(req, field):
            raise InvalidRequest(
                f"{field} does not belong to feedback of the type {req.feedback_type!r}; leave it out"
            )


def _value(req: _Req, key: str) -> Any:
    if key not in req.payload:
        raise InvalidRequest(
            f"payload.{key} is missing; feedback of the type {req.feedback_type!r} needs it"
        )
    return req.payload[key]


def _ref(
    req: _Req, field: str
) -> ObjectRef | TableRef | CallRef | InternalRef | ArtifactRef | None:
    text = getattr(req, field)
    if not text:
        return None
    try:
        return parse_server_uri(text)
    except InvalidRefError as error:
        raise InvalidRequest(f"{field}: {error}") from error


def _payload_json(payload: dict[str, Any]) -> str:
    try:
        text = jsontext.compact(payload)
    except (TypeError, EncodeError) as error:
        raise InvalidRequest(f"payload must be JSON: {error}; convert it first") from error
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_PAYLOAD_BYTES:
        raise InvalidRequest(
            f"payload has {size_bytes} bytes as JSON, the limit is {MAX_PAYLOAD_BYTES}; "
            "publish the large part and send its ref"
        )
    for ref in refs_in_json(text):
        texts.refuse_internal_ref(ref, "payload")
    return text
