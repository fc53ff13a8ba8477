"""The provider that asks through litellm, an extra: for wires that are not OpenAI's."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from weave_lite.trace_server.completions.answer import checked, failure
from weave_lite.trace_server.completions.known_models import secret
from weave_lite.trace_server.completions.parameters import timeout_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from weave_lite.trace_server.completions.known_models import KnownProvider

__all__ = ["ThroughLitellm", "is_installed", "knows"]

_INSTALL: Final = (
    "is served through litellm, which is not installed; install weave-lite[litellm], or serve the "
    "model from an endpoint that speaks OpenAI's wire (OPENAI_BASE_URL or a Provider object)"
)
_PENALTIES: Final = ("presence_penalty", "frequency_penalty")
# Names of litellm's parameters for the secrets that are no plain key.
_PARAMETERS: Final = {
    "AZURE_API_BASE": "api_base",
    "AZURE_API_VERSION": "api_version",
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_REGION_NAME": "aws_region_name",
}


def is_installed() -> bool:
    """Tell whether the extra is there, without loading it."""
    return find_spec("litellm") is not None


def knows(model: str) -> bool:
    """Tell whether litellm can serve a model; false when it is not installed."""
    if not is_installed():
        return False
    litellm = _litellm()
    try:
        litellm.get_llm_provider(model=model)
    except Exception:
        # It tells unknown names by exceptions of many kinds.
        return False
    return True


class ThroughLitellm:
    """Asks litellm; all failures are answers.

    Args:
        model: The name as it was asked for.
        known: The provider that the name tells; None lets litellm find it, and its own secrets.

    Raises:
        MissingLLMApiKeyError: A secret of the provider is not set.
    """

    def __init__(self, model: str, known: KnownProvider | None) -> None:
        self._asked = self._model = model
        self._provider = known.name if known else ""
        self._secrets: dict[str, str] = {}
        if known is None:
            return
        if "/" not in model:
            self._model = known.prefix + model
        for name in known.secret_names:
            self._secrets[_PARAMETERS.get(name, "api_key")] = secret(name, model)

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask litellm."""
        if not is_installed():
            return failure(f"the model {self._asked!r} {_INSTALL}")
        litellm = _litellm()
        complete: Callable[..., Any] = litellm.completion
        source = f"litellm, for the model {self._asked!r},"
        wanted = {
            **self._secrets,
            **self._supported(params),
            "model": self._model,
            "timeout": timeout_s(params),
        }
        try:
            answer = complete(**wanted, drop_params=True)
        except Exception as error:
            # Each provider's client has exceptions of its own.
            return failure(self._hidden(f"{source} raised {type(error).__name__}: {error}"))
        return checked(answer, source)

    def _supported(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._provider != "xai":
            return params
        dropped = {"response_format"}
        if "grok-3-mini" in self._model:
            dropped.update(_PENALTIES)
        return {name: value for name, value in params.items() if name not in dropped}

    def _hidden(self, text: str) -> str:
        """Take secrets out of a text that gets stored."""
        for name, value in self._secrets.items():
            if "key" in name:
                text = text.replace(value, "***")
        return text


def _litellm() -> ModuleType:
    # Its table of models would be fetched over the network on import.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    litellm = import_module("litellm")
    # It would print advice on the standard output at every error.
    litellm.suppress_debug_info = True  # type: ignore[attr-defined]
    return litellm
