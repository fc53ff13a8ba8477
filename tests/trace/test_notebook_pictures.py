"""Images in what notebooks show: small, whole, and never in the way."""

from __future__ import annotations

import io

import pytest
from html_check import read, text_of

from weave_lite import Content
from weave_lite.testing import memory_client
from weave_lite.trace.notebook import look
from weave_lite.trace.notebook_pictures import picture_of
from weave_lite.trace.op import op

Image = pytest.importorskip("PIL.Image")


@op
def same(x):
    return x


def noise(size, mode="RGB"):
    """An image that cannot be made small by packing it."""
    import random

    count = size[0] * size[1] * len(mode)
    return Image.frombytes(mode, size, random.Random(1).randbytes(count))


def page_of(value):
    """What a notebook shows of a call with this output."""
    with memory_client():
        return same.call(value)[1]._repr_html_()


def drawn(html):
    """The pictures in it, opened."""
    return [Image.open(io.BytesIO(content)) for content in read(html).pictures]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1", "P", "CMYK", "I;16", "F", "LA"])
def test_an_image_is_a_small_picture(mode):
    """Of any mode; the user's own is as it was."""
    image = Image.new(mode, (640, 320))

    html = page_of(image)

    assert {picture.size for picture in drawn(html)} == {(320, 160)}
    assert "Image of 640 by 320 pixels" in text_of(html)
    assert (image.size, image.mode) == ((640, 320), mode)


def test_images_inside_of_values_and_in_a_line():
    """Each where it stands; a line has words."""
    html = page_of({"pair": [Image.new("RGB", (8, 8)), "text"]})
    assert [picture.size for picture in drawn(html)] == [(8, 8)] * 2
    with memory_client() as client:
        same(Image.new("RGB", (8, 8)))
        client.flush()
        assert "8 by 8 pixels" in text_of(client.get_calls()._repr_html_())


def test_a_picture_that_is_hard_to_pack():
    """Is drawn in another format; the page stays within its limit."""
    html = page_of([noise((400, 400)) for _ in range(30)])

    assert {picture.format for picture in drawn(html)} == {"JPEG"}
    assert len(html.encode()) <= 200_000


def test_an_image_that_cannot_be_drawn(tmp_path):
    """Is told in words: closed, cut off, or too large."""
    path = tmp_path / "i.png"
    noise((64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:600])
    with Image.open(path) as cut_off:
        assert picture_of(cut_off).text == "PngImageFile of 64 by 64 pixels"
        with pytest.raises(OSError):
            picture_of(cut_off).draw()
        from weave_lite.display.html.page import Page
        from weave_lite.display.html.values import write_value

        page = Page()
        write_value(page, cut_off, look)
    assert page.html() == '<code class="wl-code">PngImageFile of 64 by 64 pixels</code>'
    assert picture_of(Image.new("1", (5_000, 5_000))).draw() is None


def test_contents():
    """Images are seen, large ones small; what may carry a program is not."""
    small, large = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (8, 8)).save(small, "PNG")
    noise((300, 300)).save(large, "PNG")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

    html = page_of(Content.from_bytes(small.getvalue()))
    assert set(read(html).pictures) == {small.getvalue()}
    assert {each.size for each in drawn(page_of(Content.from_bytes(large.getvalue())))} == {
        (160, 160)
    }
    assert picture_of(Content.from_bytes(svg, mimetype="image/svg+xml")) is None
    assert picture_of(Content.from_text("words")) is None
    assert picture_of("words") is None
