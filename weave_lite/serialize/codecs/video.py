"""Clips of moviepy, version 1 or 2. Imports it only to read one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import DecodeError
from weave_lite.serialize.custom_type import files_form
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.artifact import FilesArtifact

__all__ = ["VIDEO"]

_TYPE_ID = "moviepy.video.VideoClip.VideoClip"
_PREFIX = "video."
_FORMATS = ("gif", "mp4", "webm")
_DEFAULT_FORMAT = "mp4"
_DEFAULT_FPS = 24
_STORED_TYPES = frozenset({"image/gif", "video/mp4", "video/quicktime", "video/webm"})


def _save(value: Any, artifact: FilesArtifact, name: str) -> None:
    """Write the clip as it is now, in the format of the file it came from; MP4 otherwise."""
    del name
    filename = getattr(value, "filename", None)
    ending = filename.rpartition(".")[2].lower() if isinstance(filename, str) else ""
    extension = ending if ending in _FORMATS else _DEFAULT_FORMAT
    fps = getattr(value, "fps", None) or _DEFAULT_FPS
    with artifact.writeable_file_path(f"{_PREFIX}{extension}") as place:
        if extension == "gif":
            value.write_gif(place, fps=fps, logger=None)
        else:
            # The sound is written to a file of its own first, by default into the user's folder.
            sound = f"{place}.{'ogg' if extension == 'webm' else 'm4a'}"
            codec = "libvorbis" if extension == "webm" else "aac"
            value.write_videofile(
                place, fps=fps, audio_codec=codec, temp_audiofile=sound, logger=None
            )


def _load(artifact: FilesArtifact, name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - rarely needed

    from weave_lite.serialize.media.mimetype import sniffed  # noqa: PLC0415 - only when there is one

    del name
    path = next(path for path in artifact.path_contents if path.startswith(_PREFIX))
    # ffmpeg goes by what it finds: a playlist in a stored file would make it read other files.
    if sniffed(artifact.path_contents[path]) not in _STORED_TYPES:
        raise DecodeError(f"{path} is no video that is known here", codec=_TYPE_ID)
    reader = import_module("moviepy.video.io.VideoFileClip")  # a type checker may not have it
    # The clip reads the file while it is used; `art`, which it is given, keeps that in place.
    return reader.VideoFileClip(artifact.path(path))


_encode, _decode = files_form(_TYPE_ID, _save, _load)

VIDEO = Codec(
    _TYPE_ID,
    lambda cls: is_loaded_class(cls, "moviepy.video.VideoClip", "VideoClip"),
    _encode,
    _decode,
)
