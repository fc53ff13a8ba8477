"""Showing some bytes in the system's own viewer. Nothing that a system might run is handed over."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from weave_lite.serialize.media.mimetype import extension_of

__all__ = ["show"]

# By name: among the other kinds of images and sound are drawings with scripts, and playlists.
_VIEWED = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "image": "png jpeg gif webp tiff bmp heic avif x-icon",
        "audio": "mpeg wav x-wav ogg flac mp4 aac opus webm",
        "video": "mp4 webm quicktime x-matroska x-msvideo mpeg ogg",
    }.items()
    for name in names.split()
)
_DOCUMENTS = {"application/pdf": ".pdf", "application/json": ".json"}
_TEXTS = frozenset({"image/svg+xml", "application/xml", "application/x-ipynb+json"})


def show(data: bytes, mimetype: str) -> bool:
    """Write bytes to a temporary file and let the system open it; tell whether that began."""
    extension = _extension(mimetype)
    if extension is None:
        return False
    # Left behind: the viewer reads it after this returns.
    folder = Path(tempfile.mkdtemp(prefix="weave-lite-"))
    place = folder / f"content{extension}"
    place.write_bytes(data)
    if sys.platform == "win32":
        import os  # noqa: PLC0415 - what it has depends on the system

        os.startfile(place)  # noqa: S606 - a viewer of the system
        return True
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        return False
    done = subprocess.run([opener, str(place)], check=False, capture_output=True)  # noqa: S603 - a viewer of the system
    return done.returncode == 0


def _extension(mimetype: str) -> str | None:
    """Return an extension under which a system views a file; of a script or program there is none."""
    if mimetype.startswith("text/") or mimetype in _TEXTS:
        return ".txt"
    if mimetype in _VIEWED:
        return extension_of(mimetype)
    return _DOCUMENTS.get(mimetype)
