"""Projects, and what a server of projects does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from weave_lite.trace_server.interface.wire import WireModel

__all__ = ["EnsureProjectExistsRes", "ProjectServer"]


class EnsureProjectExistsRes(WireModel):
    """The name under which the project is known."""

    project_name: str


class ProjectServer(Protocol):
    """What a server of projects does."""

    @abstractmethod
    def ensure_project_exists(self, entity: str, project: str) -> EnsureProjectExistsRes:
        """Make sure that a project can be written to."""
