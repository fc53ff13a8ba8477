"""Stands for ``weave`` in the processes that a program under ``weave-lite run`` starts."""

from __future__ import annotations

from weave_lite.drop_in import install_as_weave

install_as_weave(force=True)
