"""Images of PIL: their records, and the way back; what is traced is never changed by it."""

from __future__ import annotations

import gc
import io
import sys

import pytest

from weave_lite.core import jsontext
from weave_lite.serialize import registry, walk
from weave_lite.serialize.codecs import FIRST, LAST
from weave_lite.serialize.codecs import image as image_codec
from weave_lite.serialize.custom_type import custom_record
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.read import decode

Image = pytest.importorskip("PIL.Image")


def stored(value, store):
    return jsontext.parse(walk.encode(value, store).text)


def files_of(record, store):
    return {path: store.files[digest] for path, digest in record["files"].items()}


def pixels(image):
    return image.mode, image.size, image.tobytes()


def opened(image, format_name, **options):
    """The image as read from a file of a format."""
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return Image.open(io.BytesIO(file.getvalue()))


def gradient(mode="RGB"):
    """An image that compression would damage."""
    image = Image.new("RGB", (24, 16))
    image.putdata([(x * 10 % 256, x * 37 % 256, x * 91 % 256) for x in range(24 * 16)])
    return image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        *((mode, "image.png") for mode in ("1", "L", "P", "RGB", "LA", "RGBA", "I;16")),
        *((mode, "image.tiff") for mode in ("CMYK", "F", "I", "LAB")),
    ],
)
def test_image_of_every_mode(mode, path, store):
    """Pixel for pixel; what PNG has no form for is TIFF."""
    image = Image.new(mode, (3, 2)) if mode in {"I;16", "LAB"} else gradient(mode)
    record = stored({"i": [image]}, store)["i"][0]
    assert record["weave_type"] == {"type": "PIL.Image.Image"}
    assert list(record["files"]) == [path]
    assert pixels(decode(record, store)) == pixels(image)


@pytest.mark.parametrize("mode", ["HSV", "La", "RGBa", "RGBX", "YCbCr"])
def test_image_of_a_mode_no_file_has(mode, store):
    """It is stored in the nearest mode."""
    image = Image.new(mode, (3, 2))
    read = decode(stored(image, store), store)
    assert (read.size, read.mode) == ((3, 2), {"La": "LA", "RGBa": "RGBA"}.get(mode, "RGB"))
    assert image.mode == mode


@pytest.mark.parametrize(
    ("format_name", "path"),
    [("PNG", "image.png"), ("GIF", "image.png"), ("WEBP", "image.webp"), ("BMP", "image.png")],
)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_image_from_a_file(format_name, path, is_loaded, store):
    """In its own format where clients know it, pixel for pixel."""
    image = opened(gradient("RGB"), format_name)
    if is_loaded:
        image.load()
    record = stored(image, store)
    assert list(record["files"]) == [path]
    read = decode(record, store)
    assert pixels(read.convert("RGB")) == pixels(image.convert("RGB"))
    assert read.art.path_contents == files_of(record, store)


@pytest.mark.parametrize("is_loaded", [False, True])
def test_jpeg_keeps_its_tables_and_its_orientation(is_loaded, store):
    """It is not compressed with other tables, so nothing that one can see is lost."""
    exif = Image.Exif()
    exif[0x0112] = 6
    smooth = Image.linear_gradient("L").convert("RGB")
    image = opened(smooth, "JPEG", quality=40, exif=exif)
    if is_loaded:
        image.load()
    record = stored(image, store)
    assert list(record["files"]) == ["image.jpg"]
    read = decode(record, store)
    assert read.quantization == image.quantization
    assert read.getexif()[0x0112] == 6
    pairs = zip(read.tobytes(), image.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 2


def test_moving_image(store):
    """All frames, and the image stays at the frame where it was."""
    frames = [gradient().rotate(90 * turn) for turn in range(3)]
    image = opened(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    image.seek(1)
    record = stored(image, store)
    assert (decode(record, store).n_frames, image.tell()) == (3, 1)
    image.seek(2)
    assert (stored(image, store), image.tell()) == (record, 2)


def test_without_the_package_an_image_is_opaque(store, monkeypatch):
    """Its file is there, and it is stored again as it was."""
    record = stored(gradient(), store)
    monkeypatch.setitem(sys.modules, "PIL", None)
    read = decode(record, store)
    assert type(read) is OpaqueValue
    assert read.read("image.png").startswith(b"\x89PNG")
    assert stored(read, store) == record


# --- what is traced stays as it is ---


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "TIFF"])
def test_an_image_that_is_not_loaded_stays_so(format_name, store):
    """Its file is stored as it is, where clients know the format; the image can still be verified."""
    image = opened(gradient(), format_name)
    content = image.fp.getvalue()
    image.fp.seek(9)
    files = files_of(stored(image, store), store)
    assert (bool(image.tile), image.fp.tell()) == (True, 9)
    image.verify()
    if format_name == "TIFF":
        assert list(files) == ["image.png"]
    else:
        assert list(files.values()) == [content]


def test_a_photo_with_more_behind_it(store):
    """It is a JPEG for all who read one; all its pictures are kept."""
    image = opened(gradient(), "MPO", save_all=True, append_images=[gradient().rotate(90)])
    assert (image.format, image.n_frames) == ("MPO", 2)
    content = image.fp.getvalue()
    record = stored(image, store)
    assert files_of(record, store) == {"image.jpg": content}
    assert (decode(record, store).n_frames, bool(image.tile)) == (2, True)


def test_a_draft_is_stored_as_the_user_sees_it(store):
    """Not the whole file, of which only a part was asked for."""
    image = opened(gradient().resize((640, 640)), "JPEG")
    image.draft("L", (80, 80))
    read = decode(stored(image, store), store)
    assert (read.mode, read.size) == (image.mode, image.size) == ("L", (80, 80))


def test_a_format_of_the_users_own(store):
    """Its file cannot be opened once more here, so the image is loaded."""
    image = opened(gradient(), "PNG")
    image.format = "OWN"
    assert pixels(decode(stored(image, store), store)) == pixels(gradient())
    assert not image.tile


def broken(image):
    """A file that ends early."""
    file = io.BytesIO()
    image.resize((200, 200)).save(file, "JPEG")
    return Image.open(io.BytesIO(file.getvalue()[:2000]))


def closed(image):
    image.close()
    return image


@pytest.mark.parametrize("spoil", [broken, closed])
def test_an_image_that_cannot_be_read_is_text(spoil, store, caplog):
    """The call is recorded all the same, and the image is left as it was."""
    image = spoil(gradient())
    assert stored([image, 1], store)[1] == 1
    assert stored(image, store).startswith(
        f"<{type(image).__module__}.{type(image).__name__} image"
    )
    if spoil is broken:
        image.verify()
    caplog.clear()


# --- an image that is used again ---


@pytest.fixture
def written(monkeypatch):
    """How often an image was brought into a file."""
    times = []
    save = Image.Image.save
    monkeypatch.setattr(
        Image.Image, "save", lambda self, *args, **options: times.append(1) or save(self, *args, **options)
    )  # fmt: skip
    return times


def test_an_image_is_written_once(store, written):
    """However many calls have it; another sink gets it too."""
    image = gradient()
    record = stored(image, store)
    assert stored([image, {"again": image}], store) == [record, {"again": record}]
    assert len(written) == 1
    other = type(store)()
    assert stored(image, other) == record
    assert (other.files, len(written)) == (store.files, 2)
    lazy = opened(image, "PNG")
    written.clear()
    records = [stored(lazy, store), lazy.load() and stored(lazy, store)]
    assert (records[0] == records[1], written) == (True, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.putpixel((0, 0), 7),
        lambda image: image.putpixel((23, 15), 7),
        lambda image: image.putpalette([5] * 768),
        lambda image: image.info.update(transparency=3),
        lambda image: image.info.update(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    ],
)
def test_a_change_is_seen(change, store, monkeypatch):
    """Of any part that is written, also of the last strip."""
    monkeypatch.setattr(image_codec, "_STRIP_PIXELS", 100)
    image = gradient("P")
    before = stored(image, store)
    change(image)
    assert stored(image, store) != before


def test_nothing_is_kept_of_an_image(store, monkeypatch):
    """Neither the image nor the note about it; and there are not many notes."""
    monkeypatch.setattr(image_codec, "_MAX_KNOWN", 2)
    image_codec._saved.clear()
    images = [gradient() for _ in range(3)]
    for image in images:
        stored(image, store)
    assert len(image_codec._saved) == 1
    del image
    images.clear()
    gc.collect()
    assert image_codec._saved == {}


def test_a_large_image_is_pressed_quickly(store, monkeypatch):
    """The user's function waits meanwhile."""
    image = gradient()
    assert b"IDATx\x9c" in files_of(stored(image, store), store)["image.png"]
    monkeypatch.setattr(image_codec, "_LARGE_PIXELS", 24 * 16 - 1)
    assert b"IDATx\x01" in files_of(stored(image.copy(), store), store)["image.png"]


# --- reading ---


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"MZ", b""]
)
def test_only_pictures_are_opened(content, store):
    """PIL hands PostScript to a program that runs it; nothing of a store comes there."""
    digest = store.save_file("image.png", content)
    for path in ("image.png", "image.eps", "image../../x"):
        record = custom_record("PIL.Image.Image", files={path: digest})
        read = decode(record, store)
        assert type(read) is OpaqueValue
        assert stored(read, store) == record


# --- registered serializers ---


def test_a_registered_serializer_goes_first(store):
    """A user may say how images, say, are stored."""
    before = list(registry._registered)
    try:
        registry.register_serializer(
            Image.Image, lambda image: list(image.size), lambda val: tuple(val)
        )
        record = stored(Image.new("L", (3, 2)), store)
        assert record == custom_record("PIL.Image.Image", val=[3, 2])
        assert decode(record, store) == (3, 2)
    finally:
        registry._registered[:] = before
        registry.install(FIRST, LAST)
