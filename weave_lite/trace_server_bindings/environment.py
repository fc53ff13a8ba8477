"""What the environment says of a trace server: its address, its key, how often it is asked."""

from __future__ import annotations

import netrc
import os
from urllib.parse import urlsplit

from weave_lite.core.errors import UsageError
from weave_lite.trace_server_bindings.http_transport import RetryPolicy

__all__ = ["key_of", "number_of_env", "policy_of_env", "url_of_env"]


def policy_of_env() -> RetryPolicy:
    """Read the settings of retries from the environment, for who makes a server without ``init``.

    Raises:
        UsageError: One of them is no number.
    """
    attempts = int(number_of_env("WEAVE_RETRY_MAX_ATTEMPTS", 3))
    return RetryPolicy(attempts, number_of_env("WEAVE_RETRY_MAX_INTERVAL", 300))


def number_of_env(variable: str, default: float) -> float:
    """Read a number from the environment.

    Args:
        variable: Its name.
        default: What counts where it is not set, or empty.

    Raises:
        UsageError: It is no number.
    """
    text = os.environ.get(variable) or str(default)
    try:
        number = float(text)
    except ValueError:
        raise UsageError(
            f"environment variable {variable} must be a number, not {text!r}"
        ) from None
    return number


def url_of_env() -> str:
    """Give the address of the trace server that the environment names.

    Raises:
        UsageError: No address is set.
    """
    url = os.environ.get("WF_TRACE_SERVER_URL")
    base = os.environ.get("WANDB_BASE_URL", "").rstrip("/")
    if not url and not base:
        raise UsageError(
            "set WF_TRACE_SERVER_URL to the address of a trace server, such as "
            "http://127.0.0.1:6345, or WANDB_BASE_URL to that of a hosted service"
        )
    return url or f"{base}/traces"


def key_of(url: str) -> str | None:
    """Look for the key of a host: in the environment, else in the netrc file."""
    key = os.environ.get("WANDB_API_KEY")
    host = urlsplit(url).hostname
    if key or not host:
        return key
    try:
        found = netrc.netrc().authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return found[2] if found else None
