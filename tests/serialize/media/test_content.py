"""Content and File: making, facts, text, URLs, saving, equality; nothing is read or copied early."""

from __future__ import annotations

import base64
import copy
import pickle
import sys
from pathlib import Path
from typing import Literal

import pydantic
import pytest

from weave_lite.core.errors import InvalidFieldError, NotSupportedError
from weave_lite.serialize.media import show
from weave_lite.serialize.media.content import Content
from weave_lite.serialize.media.file import File

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def facts(content):
    return {name: value for name, value in content.model_dump().items() if name != "data"}


def hello(**other):
    """The facts that the official SDK 0.54.0 has of these five bytes."""
    return {
        "size": 5, "mimetype": "text/plain", "digest": HELLO, "filename": "text-2cf2.txt",
        "content_type": "bytes", "input_type": "bytes", "encoding": "utf-8", "metadata": None,
        "extension": ".txt", **other,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Content.from_bytes(b"hello"), hello()),
        (
            lambda: Content.from_bytes(b"hello", extension="md"),
            hello(mimetype="text/markdown", filename="text-2cf2.md", extension=".md"),
        ),
        (
            lambda: Content.from_bytes(b"hello", mimetype="application/json", metadata={"a": 1}),
            hello(
                mimetype="application/json", filename="file-2cf2.json", extension=".json",
                metadata={"a": 1},
            ),
        ),
        (
            lambda: Content.from_text("hello"), hello(content_type="text", input_type="str"),
        ),
        (
            lambda: Content.from_base64(b"aGVsbG8="),
            hello(content_type="base64", encoding="base64"),
        ),
        (
            lambda: Content.from_base64("aGVsbG8="),
            hello(content_type="base64", encoding="base64", input_type="str"),
        ),
        (
            lambda: Content.from_data_url("data:text/plain;base64,aGVsbG8="),
            hello(content_type="data_url:base64", input_type="str", encoding="us-ascii"),
        ),
        (
            lambda: Content.from_data_url("data:,hello"),
            hello(content_type="data_url", input_type="str", encoding="us-ascii"),
        ),
        (
            lambda: Content.from_data_url("data:text/plain;charset=utf-8,hello"),
            hello(content_type="data_url:encoding", input_type="str"),
        ),
        (
            lambda: Content.from_data_url("data:text/plain;charset=utf-8;base64,aGVsbG8="),
            hello(content_type="data_url:encoding:base64", input_type="str"),
        ),
    ],
)  # fmt: skip
def test_facts_are_those_of_the_official_sdk(make, expected):
    """Measured with 0.54.0, field by field, in this order."""
    assert list(facts(make()).items()) == list(expected.items())


def test_a_file_keeps_its_name(tmp_path):
    """And says what it was made of."""
    place = tmp_path / "a.txt"
    place.write_text("hello")
    made = {"content_type": "file", "input_type": "pathlib.PosixPath", "filename": "a.txt"}
    if sys.platform == "win32":
        made["input_type"] = "pathlib.WindowsPath"
    assert facts(Content.from_path(place)) == hello(**made)
    file = File(str(place), mimetype="text/x-special")
    assert (file.path, file.filename, file.mimetype) == (place, "a.txt", "text/x-special")
    with pytest.raises(FileNotFoundError):
        Content.from_path(tmp_path / "absent")


def test_bytes_are_not_copied():
    """The content has the very object it was given, and copies of it too."""
    data = bytes(50_000_000)
    content = Content.from_bytes(data)
    assert content.data is data
    assert copy.deepcopy(content).data is data
    assert copy.copy(content).data is data
    assert Content.from_bytes(memoryview(b"ab")).data == b"ab"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Content.from_bytes("text"), "data must be bytes, not str; use Content.from_text"),
        (lambda: Content.from_text(b"x"), "text must be a text, not bytes"),
        (lambda: Content.from_text("é", encoding="ascii"), "text cannot be written as 'ascii'"),
        (lambda: Content.from_text("é", encoding="none"), "text cannot be written as 'none'"),
        (lambda: Content.from_base64("!!"), "b64_data must be base64"),
        (lambda: Content.from_base64(5), "b64_data must be base64: it is int"),
        (lambda: Content.from_data_url("http://x"), "url must look like data:"),
        (lambda: Content.from_data_url(None), "url must look like data:"),
        (lambda: Content.from_text("x", mimetype=5), "mimetype must be a text, not int"),
        (
            lambda: Content.from_text("x", extension=5),
            "extension must be one, such as 'pdf', not 5",
        ),
        (lambda: Content.from_bytes(b"x", extension="/../../x"), "extension must be one"),
        (lambda: Content.from_bytes(b"x", extension="..\\x"), "extension must be one"),
    ],
)
def test_what_is_refused(make, message):
    """With the name of the argument, and as a ValueError, as upstream."""
    with pytest.raises(InvalidFieldError, match=message) as caught:
        make()
    assert isinstance(caught.value, ValueError)


def test_it_is_not_called():
    """The error names the ways that there are."""
    with pytest.raises(NotSupportedError, match=r"Content\.from_path, from_bytes"):
        Content(b"x")


def test_text_and_urls():
    """Text by its encoding; base64 stays base64; URLs lead back."""
    latin = Content.from_text("é", encoding="latin-1", mimetype="text/plain")
    assert (latin.data, latin.as_string()) == (b"\xe9", "é")
    assert Content.from_base64("aGVsbG8=").as_string() == "aGVsbG8="
    for text in ("a b, c", "é", ""):
        content = Content.from_text(text, mimetype="text/plain")
        for use_base64 in (True, False):
            again = Content.from_data_url(content.to_data_url(use_base64))
            assert (again.data, again.mimetype) == (content.data, "text/plain")
    with pytest.raises(UnicodeDecodeError):
        Content.from_bytes(b"\xff").as_string()


def test_save(tmp_path):
    """Into a folder under its own name, else where it is told."""
    content = Content.from_text("hello")
    content.save(tmp_path)
    content.save(str(tmp_path / "new" / "x.bin"))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == [
        str(Path("new/x.bin")),
        "text-2cf2.txt",
    ]


def test_equality_hash_and_pickle():
    """By all that is stored; a pickle carries the bytes."""
    one, other = (Content.from_text("x", metadata=m) for m in ({"a": 1}, {"a": 2}))
    assert one == Content.from_text("x", metadata={"a": 1})
    assert one != other
    assert one != "x"
    again = pickle.loads(pickle.dumps(one))
    assert (again, hash(again)) == (one, hash(one))
    assert type(pickle.loads(pickle.dumps(Content.from_base64("aGk=")))) is Content


def stored(data, text, reads):
    def read_data():
        reads.append("data")
        return data

    def read_facts():
        reads.append("facts")
        return text

    return Content._stored(read_data, read_facts)


def test_a_stored_one_reads_what_is_asked_for():
    """Nothing, then its facts, then its bytes; each once."""
    reads = []
    text = b'{"size":5,"mimetype":"text/plain","digest":"d","filename":"a.txt"}'
    content = stored(b"hello", text, reads)
    assert reads == []
    assert repr(content) == "Content('a.txt', mimetype='text/plain', size=5)"
    assert content.content_type == "bytes"
    assert reads == ["facts"]
    assert content.data is content.data
    assert reads == ["facts", "data"]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"filename": 5}'])
def test_facts_that_are_not_ours(text):
    """The bytes say enough."""
    content = stored(b"hello", text, [])
    assert (content.size, content.mimetype, content.digest) == (5, "text/plain", HELLO)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\x.txt", "x.txt"),
        ("..", "text-2cf2.txt"),
        ("", "text-2cf2.txt"),
        ("/", "text-2cf2.txt"),
    ],
)
def test_a_stored_name_does_not_lead_out(name, expected, tmp_path):
    """It comes from elsewhere."""
    text = pydantic.RootModel[dict](
        {"size": 5, "mimetype": "text/plain", "digest": HELLO, "filename": name}
    ).model_dump_json()
    (tmp_path / "in").mkdir()
    stored(b"hello", text.encode(), []).save(tmp_path / "in")
    assert [p.relative_to(tmp_path) for p in tmp_path.rglob("*.*")] + [
        p.relative_to(tmp_path) for p in tmp_path.rglob("passwd")
    ] == [Path("in") / expected]


def test_a_name_with_a_colon(tmp_path):
    """It would be a drive or a stream on some systems."""
    facts_of_name = b'{"filename": "c:a.txt", "size": 5, "mimetype": "a/b", "digest": "d"}'
    stored(b"hello", facts_of_name, []).save(tmp_path)
    assert [place.name for place in tmp_path.iterdir()] == ["c_a.txt"]


def test_one_that_is_gone_can_be_printed():
    """Printing never fails."""

    def gone():
        raise LookupError("no file")

    assert repr(Content._stored(gone, gone)) == "<Content that cannot be read: no file>"


def test_pydantic_field():
    """A model holds it as it is, and dumps it as JSON with base64."""

    class Page(pydantic.BaseModel):
        body: Content
        cover: Content[Literal["png"]] | None = None

    content = Content.from_text("hello")
    page = Page(body=content, cover=content)
    assert page.body is content
    dumped = page.model_dump(mode="json")["body"]
    assert dumped == {**facts(content), "data": base64.b64encode(b"hello").decode()}
    with pytest.raises(pydantic.ValidationError):
        Page(body="hello")


@pytest.mark.parametrize(
    ("mimetype", "extension"),
    [
        ("text/plain", ".txt"),
        ("text/x-python", ".txt"),
        ("text/html", ".txt"),
        ("image/png", ".png"),
        ("image/svg+xml", ".txt"),
        ("audio/x-mpegurl", None),
        ("video/mp4", ".mp4"),
        ("application/pdf", ".pdf"),
        ("application/x-sh", None),
        ("application/octet-stream", None),
    ],
)
def test_open_hands_over_nothing_that_runs(mimetype, extension, monkeypatch):
    """The viewer of the system gets a file of a kind that is viewed, or nothing."""
    shown = []

    class Done:
        returncode = 0

    def run(command, **options):
        assert Path(command[1]).read_bytes() == b"hello"
        shown.append(Path(command[1]).suffix)
        return Done

    monkeypatch.setattr(show.sys, "platform", "linux")
    monkeypatch.setattr(show.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(show.subprocess, "run", run)
    content = Content.from_bytes(b"hello", mimetype=mimetype)
    assert content.open() is (extension is not None)
    assert shown == ([] if extension is None else [extension])


def test_open_without_a_viewer(monkeypatch):
    """It says so."""
    monkeypatch.setattr(show.sys, "platform", "linux")
    monkeypatch.setattr(show.shutil, "which", lambda name: None)
    assert Content.from_text("x").open() is False
