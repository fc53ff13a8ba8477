"""weave_lite: the Weave SDK with no server, on one SQLite file."""

from __future__ import annotations

__version__ = "0.1.0"
