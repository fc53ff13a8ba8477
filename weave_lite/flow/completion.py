"""Asking a model through the active client's server, which knows providers and keys."""

from __future__ import annotations

from typing import Any

from weave_lite.core.errors import UsageError
from weave_lite.trace.client_context import require_client

__all__ = ["complete"]


def complete(inputs: dict[str, Any]) -> dict[str, Any]:
    """Ask a model and return its answer, as OpenAI writes it.

    The call of the op around it records the question and the answer, so the server stores none.

    Args:
        inputs: ``model``, ``messages`` and other parameters, as OpenAI names them.

    Raises:
        UsageError: No model is named, or the model could not be asked.
        WeaveInitError: No client is active.
        MissingLLMApiKeyError: The provider's key is not set.
    """
    if not inputs.get("model"):
        raise UsageError("no model is named; set model, for instance with configure(model=...)")
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - rarely needed

    client = require_client()
    request = tsi.CompletionsCreateReq(
        project_id=client.project_id,
        inputs=tsi.CompletionsCreateRequestInputs.model_validate(inputs),
        track_llm_call=False,
    )
    response = client.server.completions_create(request).response
    if "error" in response:
        raise UsageError(f"{inputs['model']} could not be asked: {response['error']}")
    return response
