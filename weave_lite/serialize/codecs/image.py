"""Images of PIL. Never imports PIL to write: whoever has an image has loaded it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.custom_type import files_form
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from PIL.Image import Image

    from weave_lite.serialize.artifact import FilesArtifact

__all__ = ["IMAGE"]

_TYPE_ID = "PIL.Image.Image"
_PREFIX = "image."
# What PNG cannot hold, and TIFF can, exactly.
_TIFF_MODES = frozenset({"CMYK", "F", "I", "LAB", "YCbCr"})
_RGB_MODES = {"HSV": "RGB", "RGBa": "RGBA", "La": "LA", "RGBX": "RGB"}


def _save(value: Image, artifact: FilesArtifact, name: str) -> None:
    """Write in the image's own format where the web knows it, else as PNG; all its frames."""
    del name
    options: dict[str, Any] = {}
    if value.format == "JPEG":
        extension, format_name = "jpg", "JPEG"
        options["quality"] = "keep"  # with the tables of the file, so that nothing is lost anew
    elif value.format == "WEBP":
        extension, format_name = "webp", "WEBP"
        options["lossless"] = True
    elif value.mode in _TIFF_MODES:
        extension, format_name = "tiff", "TIFF"
    else:
        extension, format_name = "png", "PNG"
        value = value.convert(_RGB_MODES[value.mode]) if value.mode in _RGB_MODES else value
    exif = value.info.get("exif")
    if type(exif) is bytes and extension != "tiff":
        options["exif"] = exif
    with artifact.new_file(f"{_PREFIX}{extension}", binary=True) as file:
        if extension == "jpg" or getattr(value, "n_frames", 1) == 1:
            value.save(file, format_name, **options)
            return
        frame = value.tell()
        try:
            value.save(file, format_name, save_all=True, **options)
        finally:
            value.seek(frame)


def _load(artifact: FilesArtifact, name: str) -> Image:
    from PIL import Image  # noqa: PLC0415 - optional

    del name
    path = next(path for path in artifact.path_contents if path.startswith(_PREFIX))
    return Image.open(io.BytesIO(artifact.path_contents[path]))


_encode, _decode = files_form(_TYPE_ID, _save, _load)

IMAGE = Codec(_TYPE_ID, lambda cls: is_loaded_class(cls, "PIL.Image", "Image"), _encode, _decode)
