"""Links to pages of the app, where traces go to a hosted service; an embedded store has no pages."""

from __future__ import annotations

import os

from weave_lite.trace.client_context import get_client

__all__ = ["app_link"]


def app_link(project_id: str, page: str) -> str | None:
    """Return the link of a page of a project; None when nobody serves one.

    The app is at ``WANDB_PUBLIC_BASE_URL``, else at ``WANDB_BASE_URL``. ``weave-lite serve`` goes by
    the latter too, and has no pages.

    Args:
        project_id: ``entity/project``.
        page: What comes after the project.
    """
    client = get_client()
    server_url = "" if client is None else getattr(client.server, "trace_server_url", "")
    if not server_url:
        return None
    base = os.environ.get("WANDB_PUBLIC_BASE_URL", "").rstrip("/")
    if not base:
        base = os.environ.get("WANDB_BASE_URL", "").rstrip("/")
        if base == server_url:
            return None
    return f"{base}/{project_id}/{page}" if base else None
