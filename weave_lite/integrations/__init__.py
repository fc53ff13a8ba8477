"""Ways in which other libraries' calls are recorded: patches of clients, and OpenTelemetry."""

from __future__ import annotations

from weave_lite.integrations.autopatch import patch_anthropic, patch_litellm, patch_openai

__all__ = ["patch_anthropic", "patch_litellm", "patch_openai"]
