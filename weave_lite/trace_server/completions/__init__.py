"""Completions of language models: which provider serves a model, and how it is asked.

Asks over the network, always outside of a transaction; stores only through the server it is given.
"""

from __future__ import annotations

from weave_lite.trace_server.completions.registered import register_provider, unregister_provider

__all__ = ["register_provider", "unregister_provider"]
