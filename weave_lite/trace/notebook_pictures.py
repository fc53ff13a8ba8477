"""Small pictures of the images that notebooks show; the images themselves are left as they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from weave_lite.display.html.values import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from weave_lite.serialize.media.content import Content

__all__ = ["picture_of"]

_EDGES: Final = (320, 160)
# A page has room for some of them beside its texts.
_MAX_BYTES: Final = 40_000
# Larger ones would take long, and much memory.
_MAX_PIXELS: Final = 20_000_000
_PLAIN_MODES: Final = frozenset({"L", "RGB", "RGBA"})
# What browsers show, and what cannot carry a program.
_MIMETYPES: Final = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})


def picture_of(value: Any) -> Picture | None:
    """See an image of PIL, or an image as a ``Content``, as a picture; None for anything else."""
    # Whoever has one of these has imported its module.
    pil = sys.modules.get("PIL.Image")
    if pil is not None and isinstance(value, pil.Image):
        text = f"{type(value).__name__} of {value.width} by {value.height} pixels"
        return Picture(text, lambda: _thumbnail(value))
    media = sys.modules.get("weave_lite.serialize.media.content")
    if media is not None and isinstance(value, media.Content) and value.mimetype in _MIMETYPES:
        text = f"{type(value).__name__} {value.mimetype}, {value.size:,} bytes"
        return Picture(text, lambda: _of_content(value))
    return None


def _thumbnail(image: Image) -> tuple[str, bytes] | None:
    """Draw an image small; None when that cannot be done in bounds."""
    if image.width * image.height > _MAX_PIXELS:
        return None
    import io  # noqa: PLC0415 - only for images

    small = image.copy()
    if small.mode not in _PLAIN_MODES:
        small = small.convert(
            "RGBA" if "A" in small.mode or "transparency" in small.info else "RGB"
        )
    for edge in _EDGES:
        small.thumbnail((edge, edge))
        for kind in ("PNG", "JPEG"):
            file = io.BytesIO()
            (small if kind == "PNG" else small.convert("RGB")).save(file, kind)
            if file.tell() <= _MAX_BYTES:
                return f"image/{kind.lower()}", file.getvalue()
    return None


def _of_content(content: Content) -> tuple[str, bytes] | None:
    if content.size <= _MAX_BYTES:
        return content.mimetype, content.data
    pil = sys.modules.get("PIL.Image")
    if pil is None:
        return None
    import io  # noqa: PLC0415 - only for images

    with pil.open(io.BytesIO(content.data)) as image:
        return _thumbnail(image)
