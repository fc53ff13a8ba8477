"""A score as feedback on the call that it is about. Knows neither scorers nor how they are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.ids import new_id
from weave_lite.trace.guard import captured, warn
from weave_lite.trace.tracer import tracer_of
from weave_lite.trace_server.interface.encoded import EncodedFeedback

if TYPE_CHECKING:
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["put_score"]

_MAX_SCORE_BYTES = 1024 * 1024


def put_score(
    client: WeaveClient,
    scored: Call,
    runnable_uri: str,
    score: Any,
    score_call: Call,
    *,
    trigger_ref: str | None = None,
) -> None:
    """Store a score as feedback, in order with the records of calls.

    Args:
        client: Where to store it.
        scored: The call that it is about.
        runnable_uri: Where the scorer is stored.
        score: What the scorer said.
        score_call: The call of the scorer.
        trigger_ref: URI of the monitor that asked for the score.
    """
    if scored.id is None or score_call.id is None:
        return
    name = runnable_uri.rpartition("/")[2].partition(":")[0]
    try:
        payload_json = tracer_of(client).write({"output": score})[0]
        if len(payload_json) > _MAX_SCORE_BYTES:
            warn(
                f"a score of {name!r} is larger than 1 MiB as JSON; it stands in the call "
                "of the scorer, but not as feedback"
            )
            return
        record = EncodedFeedback(
            client.project_id,
            new_id(),
            f"weave:///{scored.project_id}/call/{scored.id}",
            f"wandb.runnable.{name}",
            payload_json,
            runnable_ref=runnable_uri,
            call_ref=f"weave:///{client.project_id}/call/{score_call.id}",
            trigger_ref=trigger_ref,
        )
        client.recorder.put(record, len(payload_json))
    except Exception as error:
        captured("Error storing a score", error)
