"""Where the store of this working folder is. Knows files and the environment, no database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from weave_lite.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEMORY", "Place", "default_entity", "prepare", "resolve"]

MEMORY = ":memory:"
_FOLDER = ".weave"
_FILE = "weave.db"


class Place(NamedTuple):
    """Where a store is, and what said so.

    Args:
        text: Path of the file, ``":memory:"`` or a URL.
        origin: ``"argument"``, ``"environment"``, ``"pyproject"``, ``"parent folder"`` or
            ``"default"``.
    """

    text: str
    origin: str

    @property
    def is_url(self) -> bool:
        """Whether the store is behind HTTP."""
        return self.text.startswith(("http://", "https://"))


def resolve(
    db: str | os.PathLike[str] | None = None,
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Place:
    """Find the store: argument, ``WEAVE_LITE_DB``, pyproject, a parent's ``.weave``, ``./.weave``.

    Args:
        db: Path, ``":memory:"`` or URL that goes before all.
        folder: Where to look from; by default the working folder.
        env: The environment; by default the process's.

    Raises:
        UsageError: A given place is empty or not a path.
    """
    folder = Path.cwd() if folder is None else folder
    env = os.environ if env is None else env
    if db is not None:
        return Place(_checked(db, "db", folder), "argument")
    if env.get("WEAVE_LITE_DB"):
        return Place(_checked(env["WEAVE_LITE_DB"], "WEAVE_LITE_DB", folder), "environment")
    named = _from_pyproject(folder)
    if named is not None:
        return Place(named, "pyproject")
    for parent in (folder, *folder.parents):
        if (parent / _FOLDER).is_dir():
            return Place(str(parent / _FOLDER / _FILE), "parent folder")
    return Place(str(folder / _FOLDER / _FILE), "default")


def prepare(place: Place) -> None:
    """Make the folder of a store's file; a ``.weave`` folder keeps itself out of git.

    Raises:
        UsageError: The folder cannot be made.
    """
    if place.text == MEMORY or place.is_url:
        return
    parent = Path(place.text).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        ignore = parent / ".gitignore"
        if parent.name == _FOLDER and not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {parent} of the store: {error}. Choose another place with "
            "init(db=...) or WEAVE_LITE_DB"
        ) from error


def default_entity(env: Mapping[str, str] | None = None) -> str:
    """Return the entity of a bare project name: ``WANDB_ENTITY``, else ``local``."""
    return (os.environ if env is None else env).get("WANDB_ENTITY") or "local"


def _checked(db: str | os.PathLike[str], what: str, folder: Path) -> str:
    try:
        text = os.fspath(db)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise UsageError(f"{what} must be a path, ':memory:' or a URL, not {db!r}")
    if text == MEMORY or text.startswith(("http://", "https://")):
        return text
    return str((folder / Path(text).expanduser()).absolute())


def _from_pyproject(folder: Path) -> str | None:
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if file.is_file():
            return _named_in(file)
    return None


def _named_in(file: Path) -> str | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    if b"weave_lite" not in content:
        return None
    import tomllib  # noqa: PLC0415 - most projects say nothing about us

    try:
        db = tomllib.loads(content.decode()).get("tool", {}).get("weave_lite", {}).get("db")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    return None if db is None else _checked(db, f"[tool.weave_lite] db of {file}", file.parent)
