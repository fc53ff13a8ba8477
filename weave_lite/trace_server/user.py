"""The user in whose name the embedded server writes."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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

    # What `getuser` goes by: it reads the list of users of the system each time it is asked.
    names = [os.environ.get(name) for name in ("LOGNAME", "USER", "LNAME", "USERNAME")]
    user_id = os.getuid() if hasattr(os, "getuid") else None
    try:
        return _asked(getpass.getuser, user_id, *names)
    except (ImportError, KeyError, OSError):
        # A container may run a user id that has no name.
        return "local"


@lru_cache(maxsize=8)
def _asked(getuser: Callable[[], str], *circumstances: object) -> str:
    """Ask for the login name, once as long as the circumstances stay."""
    del circumstances
    # Names of the system may have bytes that are no UTF-8.
    return getuser().encode("utf-8", "backslashreplace").decode()
