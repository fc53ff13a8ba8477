"""The user in whose name the embedded server writes."""

from __future__ import annotations

import os

__all__ = ["default_user"]


def default_user() -> str:
    """Name the local user: ``WANDB_USERNAME``, else the login name of the system.

    Example:
        >>> os.environ["WANDB_USERNAME"] = "ada"
        >>> default_user()
        'ada'
        >>> del os.environ["WANDB_USERNAME"]
    """
    return os.environ.get("WANDB_USERNAME") or _login_name()


def _login_name() -> str:
    import getpass  # noqa: PLC0415 - the first write needs it, an import does not

    try:
        # Names of the system may have bytes that are no UTF-8.
        return getpass.getuser().encode("utf-8", "backslashreplace").decode()
    except (ImportError, KeyError, OSError):
        # A container may run a user id that has no name.
        return "local"
