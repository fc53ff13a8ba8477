"""Images of PIL. Never imports PIL to write: whoever has an image has loaded it."""

from __future__ import annotations

import io
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.serialize.custom_type import custom_record, files_form
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from PIL.Image import Image

    from weave_lite.serialize.artifact import FilesArtifact
    from weave_lite.serialize.registry import Sink, Source

__all__ = ["IMAGE"]

_TYPE_ID = "PIL.Image.Image"
_PREFIX = "image."
# Formats that the web knows, which stay what they are. A photo of a telephone is often an MPO: a
# JPEG with more pictures behind it.
_OWN_FORMATS: Final = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp"}
# What is read back. PIL knows others, and hands some of them to other programs.
_READ_FORMATS: Final = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
# What PNG cannot hold, and TIFF can, exactly.
_TIFF_MODES = frozenset({"CMYK", "F", "I", "LAB"})
# What no file holds, or none that every release of PIL can read: a TIFF of YCbCr is one of these.
_RGB_MODES = {"HSV": "RGB", "RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "YCbCr": "RGB"}
# Beyond it a smaller file is not worth the seconds that the user's function waits.
_LARGE_PIXELS: Final = 4_000_000
_STRIP_PIXELS: Final = 1_000_000
_MAX_KNOWN: Final = 256


class _Saved(NamedTuple):
    """Where an image was saved last, and what it was then."""

    image: weakref.ref[Image]
    sink: weakref.ref[Any]
    print: bytes
    files: dict[str, str]


# By id, as images do not hash.
_saved: dict[int, _Saved] = {}


def _encode(value: Image, sink: Sink) -> dict[str, Any]:
    """Write an image, unless it is in this sink as it is; one that is not loaded stays so."""
    opened, content = _opened_anew(value)
    seen = _fingerprint(opened)
    known = _saved.get(id(value))
    if (
        known is not None
        and known.image() is value
        and known.sink() is sink
        and known.print == seen
    ):
        return custom_record(_TYPE_ID, files=dict(known.files))
    if content is None:
        record = _encode_files(opened, sink)
    else:
        path = f"{_PREFIX}{_OWN_FORMATS[str(opened.format)]}"
        record = custom_record(_TYPE_ID, files={path: sink.save_file(path, content)})
    if len(_saved) >= _MAX_KNOWN:
        _saved.clear()
    key = id(value)
    image = weakref.ref(value, lambda _: _saved.pop(key, None))
    _saved[key] = _Saved(image, weakref.ref(sink), seen, dict(record["files"]))
    return record


def _opened_anew(value: Image) -> tuple[Image, bytes | None]:
    """Open the file of an image that is not loaded once more, so that the user's stays as it is.

    Returns:
        An image to read from, and the whole file where it is stored as it is.
    """
    file = getattr(value, "fp", None)
    if file is None or not getattr(value, "tile", None):
        return value, None
    try:
        at = file.tell()
        try:
            file.seek(0)
            content = file.read()
        finally:
            file.seek(at)
        from PIL import Image  # noqa: PLC0415 - loaded, for there is one

        kind = "JPEG" if value.format == "MPO" else str(value.format)
        opened = Image.open(io.BytesIO(content), formats=[kind])
    except Exception:  # a pipe, or a format of the user's own: loading it is the one way left
        return value, None
    if (opened.mode, opened.size) != (value.mode, value.size):  # the user chose a draft of it
        return value, None
    return opened, content if opened.format in _OWN_FORMATS else None


def _fingerprint(image: Image) -> bytes:
    """Hash all that is written of an image; of several frames, those that are not shown cannot change."""
    import hashlib  # noqa: PLC0415 - only when there is one

    width, height = image.size
    plain = {name: part for name, part in image.info.items() if type(part) in _PLAIN_TYPES}
    tables = getattr(image, "quantization", None)
    about = (image.format, image.mode, image.size, plain, tables, image.getpalette(None))
    found = hashlib.sha256(repr(about).encode())
    # Strip by strip, for the bytes of all of it may be much.
    rows = max(1, _STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        found.update(image.crop((0, top, width, min(height, top + rows))).tobytes())
    return found.digest()


_PLAIN_TYPES: Final = frozenset({int, float, str, bytes, tuple, bool})


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
        if value.width * value.height > _LARGE_PIXELS:
            options["compress_level"] = 1
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
    return Image.open(io.BytesIO(artifact.path_contents[path]), formats=_READ_FORMATS)


_encode_files, _decode_files = files_form(_TYPE_ID, _save, _load)


def _decode(record: dict[str, Any], source: Source) -> Image:
    found: Image = _decode_files(record, source)
    return found


IMAGE = Codec(_TYPE_ID, lambda cls: is_loaded_class(cls, "PIL.Image", "Image"), _encode, _decode)
