"""Rules for names: object ids, projects, display names, and texts that look like refs."""

from __future__ import annotations

import re

from weave_lite.core.errors import InvalidNameError

__all__ = [
    "MAX_DISPLAY_NAME_LENGTH",
    "MAX_NAME_LENGTH",
    "check_object_id",
    "check_project_id",
    "clean_object_id",
    "shorten_display_name",
    "split_project_name",
]

MAX_NAME_LENGTH = 128
MAX_DISPLAY_NAME_LENGTH = 1024

_FORBIDDEN_RUN = re.compile(r"[^\w._]+")
_SEPARATOR_RUN = re.compile(r"[._-]{2,}")
_OBJECT_ID = re.compile(r"[\w.-]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def clean_object_id(name: str) -> str:
    """Turn any name into an object id: word characters, dots and single dashes, at most 128.

    Raises:
        InvalidNameError: Nothing is left of the name.

    Example:
        >>> clean_object_id("my list!!  x")
        'my-list-x'
    """
    cleaned = _SEPARATOR_RUN.sub("-", _FORBIDDEN_RUN.sub("-", name)).strip("-_")
    # The cut may end at a separator; cleaning a clean name again must not give another object.
    cleaned = cleaned[:MAX_NAME_LENGTH].rstrip("-_")
    if not cleaned:
        raise InvalidNameError(
            f"Invalid object name: {name!r} has no letter, digit or dot; give it another name"
        )
    return cleaned


def check_object_id(object_id: str) -> str:
    """Return an object id that is well formed.

    Raises:
        InvalidNameError: It is empty, too long, or has other characters than letters, digits,
            ``_``, ``.`` and ``-``.
    """
    if not object_id or len(object_id) > MAX_NAME_LENGTH or not _OBJECT_ID.match(object_id):
        raise InvalidNameError(
            f"object_id {object_id[:140]!r} must be 1 to {MAX_NAME_LENGTH} letters, digits, "
            "'_', '.' or '-'"
        )
    return object_id


def check_project_id(project_id: str) -> str:
    """Return a project id that is well formed: ``entity/project``.

    Raises:
        InvalidNameError: It does not have exactly two non-empty parts, or has control characters.
    """
    entity, slash, project = project_id.partition("/")
    if not (entity and slash and project) or "/" in project or _CONTROL.search(project_id):
        raise InvalidNameError(
            f"project_id {project_id[:140]!r} must be 'entity/project', two non-empty parts "
            "and one slash"
        )
    return project_id


def split_project_name(name: str, default_entity: str) -> tuple[str, str]:
    """Split ``project`` or ``entity/project`` into entity and project.

    Raises:
        InvalidNameError: It is empty, has more than one slash, an empty part, a colon or control
            characters.
    """
    if not isinstance(name, str):
        raise InvalidNameError(
            f"project_name must be a text such as 'my-project', not {type(name).__name__}"
        )
    entity, slash, project = name.partition("/")
    if not slash:
        entity, project = default_entity, name
    if not entity.strip() or not project.strip() or "/" in project:
        raise InvalidNameError(
            f"project_name {name!r} must be 'project' or 'entity/project', with no empty part"
        )
    if ":" in name or _CONTROL.search(name):
        raise InvalidNameError(
            f"project_name {name!r} must not have ':' or control characters; they cannot stand in a ref"
        )
    return entity, project


def shorten_display_name(name: str) -> str:
    """Cut a display name to 1024 characters, ending in ``...`` when something was cut."""
    if len(name) <= MAX_DISPLAY_NAME_LENGTH:
        return name
    return name[: MAX_DISPLAY_NAME_LENGTH - 3] + "..."
