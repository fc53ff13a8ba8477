"""The official SDK with no server: its own client over our store, in this process."""

from __future__ import annotations

from weave_lite.official.client import init, use_server

__all__ = ["init", "use_server"]
