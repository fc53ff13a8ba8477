"""Media types: by what is given, by the first bytes, by a name, as text."""

from __future__ import annotations

import io
import zipfile

import pytest

from weave_lite.serialize.media.mimetype import default_filename, detect

OFFICE = "application/vnd.openxmlformats-officedocument"
EPUB = b"PK\3\4" + bytes(26) + b"mimetypeapplication/epub+zip"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("content", "given", "expected"),
    [
        (b"hi", {}, ("text/plain", ".txt")),
        (b"", {}, ("text/plain", ".txt")),
        (b"a\0b", {}, ("application/octet-stream", ".bin")),
        (b"\xe9", {}, ("application/octet-stream", ".bin")),
        (b'{"a": 1}', {}, ("application/json", ".json")),
        (b" [1]", {}, ("application/json", ".json")),
        (b"{not json", {}, ("text/plain", ".txt")),
        (b"[" * 100_000, {}, ("text/plain", ".txt")),
        (PNG, {}, ("image/png", ".png")),
        (b"\xff\xd8\xff..", {}, ("image/jpeg", ".jpg")),
        (b"RIFF....WAVEfmt ", {}, ("audio/wav", ".wav")),
        (b"RIFF....WEBPVP8 ", {}, ("image/webp", ".webp")),
        (b"....ftypisom", {}, ("video/mp4", ".mp4")),
        (b"....ftypM4A ", {}, ("audio/mp4", ".m4a")),
        (b"%PDF-1.4", {}, ("application/pdf", ".pdf")),
        (PNG, {"extension": "md"}, ("text/markdown", ".md")),
        (PNG, {"extension": ".md"}, ("text/markdown", ".md")),
        (PNG, {"extension": "unheard-of"}, ("image/png", ".unheard-of")),
        (b"hi", {"mimetype": "image/png"}, ("image/png", ".png")),
        (b"hi", {"mimetype": "text/x-foo"}, ("text/x-foo", None)),
        (b"hi", {"filename": "a.tar.gz"}, ("application/gzip", ".gz")),
        (b"hi", {"filename": "A.JPEG"}, ("image/jpeg", ".JPEG")),
        (b"hi", {"filename": "Makefile"}, ("text/plain", ".txt")),
        (b"hi", {"filename": ".bashrc"}, ("text/plain", ".txt")),
        (b"hi", {"filename": "a.csv"}, ("text/csv", ".csv")),
        (b"hi", {"filename": "a."}, ("text/plain", ".txt")),
        (b"PK\3\4", {"filename": "a.docx"}, (f"{OFFICE}.wordprocessingml.document", ".docx")),
        (b"PAR1", {"filename": "a.parquet"}, ("application/vnd.apache.parquet", ".parquet")),
        (b"{}", {"filename": "a.ipynb"}, ("application/x-ipynb+json", ".ipynb")),
        (b"\xff\xfb\x90\0", {}, ("audio/mpeg", ".mp3")),
        (b"\xff\xf3\x90\0", {}, ("audio/mpeg", ".mp3")),
        (b"\xff\xfeh\0i\0", {}, ("application/octet-stream", ".bin")),
        (b"RIFF....AVI LIST", {}, ("video/x-msvideo", ".avi")),
        (b"\x1aE\xdf\xa3..webm", {}, ("video/webm", ".webm")),
        (b"\x1aE\xdf\xa3..matroska", {}, ("video/x-matroska", ".mkv")),
        (b"PK\3\4.....", {}, ("application/zip", ".zip")),
        (EPUB, {}, ("application/epub+zip", ".epub")),
        (b"\0\0\1\0\1", {}, ("image/x-icon", ".ico")),
        (b"PAR1..", {}, ("application/vnd.apache.parquet", ".parquet")),
        (b"\n <!DOCTYPE html><p>", {}, ("text/html", ".html")),
        (b"<html><p>", {}, ("text/html", ".html")),
        (b"<svg/>", {}, ("image/svg+xml", ".svg")),
        (b'<?xml version="1.0"?><svg/>', {}, ("image/svg+xml", ".svg")),
        (b'<?xml version="1.0"?><a/>', {}, ("application/xml", ".xml")),
        (b"<p>", {}, ("text/plain", ".txt")),
        (b"\xff", {}, ("application/octet-stream", ".bin")),
    ],
)
def test_detect(content, given, expected):
    """What is given goes first, then the name, the first bytes, and text."""
    assert detect(content, **given) == expected


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("word/document.xml", "wordprocessingml.document"),
        ("xl/workbook.xml", "spreadsheetml.sheet"),
        ("ppt/presentation.xml", "presentationml.presentation"),
        ("other/thing.xml", None),
    ],
)
def test_office_documents(part, kind):
    """A ZIP file whose parts say what it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", part):
            archive.writestr(name, "<x/>")
    expected = "application/zip" if kind is None else f"{OFFICE}.{kind}"
    assert detect(file.getvalue())[0] == expected


def test_a_letter_may_be_cut_by_the_end_of_the_head():
    """Only the begin of a large text is looked at, and its last letter may be half there."""
    text = ("a" + "é" * 40_000).encode()
    assert detect(text)[0] == "text/plain"
    assert detect(text[:-1] + b"\xff")[0] == "text/plain"
    assert detect(b"\xc3")[0] == "application/octet-stream"


def test_default_filename():
    """The general type, four letters of the digest, the extension."""
    assert [default_filename(m, "abcdef", e) for m, e in [
        ("application/pdf", ".pdf"), ("image/png", ".png"), ("text/x-foo", None),
    ]] == ["file-abcd.pdf", "image-abcd.png", "text-abcd"]  # fmt: skip


def test_default_filename_of_a_type_that_is_none():
    """It becomes a name of a file, whatever it says."""
    assert [default_filename(m, "abcdef", None) for m in ("../x/y", "", "..", "a b/c")] == [
        "file-abcd",
        "file-abcd",
        "file-abcd",
        "ab-abcd",
    ]
