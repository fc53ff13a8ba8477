"""The release of the package, where every layer may read it."""

from __future__ import annotations

__all__ = ["VERSION"]

VERSION = "0.1.0"
