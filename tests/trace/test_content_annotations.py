"""Annotations that say ``Content``, ``File`` or ``Audio``: what is recorded, and what the function gets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping  # noqa: TC003 - read when it runs
from pathlib import Path  # noqa: TC003
from typing import Annotated, Any, Literal

import pytest

import weave_lite as weave
from weave_lite import Audio, Content, File
from weave_lite.testing import memory_client


@pytest.fixture
def client():
    """The active client; each record is written at once."""
    with memory_client(capture_client_info=False, capture_system_info=False) as client:
        yield client


def recorded(op, *args, client):
    _, call = op.call(*args)
    read = client.get_call(call.id)
    return read.inputs, read.output


def test_annotated_parameters_and_results(tmp_path, client):
    """The function has plain values; what is stored are contents."""
    place = tmp_path / "a.txt"
    place.write_text("hello")
    seen = []

    @weave.op
    def read(
        page: Annotated[bytes, Content[Literal["pdf"]]],
        path: Annotated[str, Content],
        note: Annotated[str, Content[Literal["text/markdown"]]] | None = None,
        plain: str = "p",
    ) -> Annotated[str, Content]:
        seen.append((page, path, note, plain))
        return "result"

    inputs, output = recorded(read, b"%PDF", str(place), "# note", client=client)
    assert seen == [(b"%PDF", str(place), "# note", "p")]
    assert {
        name: (value.filename, value.mimetype, value.data)
        for name, value in inputs.items()
        if isinstance(value, Content)
    } == {
        "page": ("file-315d.pdf", "application/pdf", b"%PDF"),
        "path": ("a.txt", "text/plain", b"hello"),
        "note": ("text-fa51.md", "text/markdown", b"# note"),
    }
    assert inputs["plain"] == "p"
    assert (output.data, output.mimetype) == (b"result", "text/plain")
    assert read(b"", "x") == "result"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("no path", b"no path"),
        ("data:,a%20b", b"a b"),
        (b"\0", b"\0"),
        (bytearray(b"ab"), b"ab"),
        (io.BytesIO(b"ab"), b"ab"),
        ("x" * 5000, b"x" * 5000),
        ("nul\0", b"nul\0"),
        ("data: first, second", b"data: first, second"),
        ("https://host.example/a.png", b"https://host.example/a.png"),
    ],
)
def test_what_an_annotated_value_becomes(given, expected, client):
    """Bytes, a data URL, or a text that is no path."""

    @weave.op
    def take(x: Annotated[Any, Content]):
        return None

    inputs, _ = recorded(take, given, client=client)
    assert inputs["x"].data == expected


@pytest.mark.parametrize("given", [5, None, ["a"], {"a": 1}])
def test_other_annotated_values_stay(given, client):
    """They are recorded as they are."""

    @weave.op
    def take(x: Annotated[Any, Content]):
        return None

    assert recorded(take, given, client=client)[0]["x"] == given


def test_annotations_that_cannot_be_read(client):
    """One that names nothing leaves the others alone, and contents that are given stay."""

    @weave.op
    def take(x: Annotated[str, Content], y: Annotated[str, NoContentAtAll], z: Content):  # noqa: F821 - the point
        return None

    inputs, _ = recorded(take, "a", "b", Content.from_text("c"), client=client)
    assert [inputs["x"].as_string(), inputs["y"], inputs["z"].as_string()] == ["a", "b", "c"]


def test_own_hooks_come_after(client):
    """They see the contents."""

    @weave.op(
        postprocess_inputs=lambda inputs: {**inputs, "size": inputs["x"].size},
        postprocess_output=lambda output: output.mimetype,
    )
    def take(x: Annotated[str, Content]) -> Annotated[str, Content]:
        return x

    inputs, output = recorded(take, "abc", client=client)
    assert (inputs["size"], output) == (3, "text/plain")


def test_a_path_that_cannot_be_read_is_recorded(tmp_path, client, monkeypatch):
    """The call is recorded with the plain value."""
    place = tmp_path / "a.txt"
    place.write_text("x")

    @weave.op
    def take(x: Annotated[str, Content]):
        return None

    def refused(self):
        raise PermissionError("no")

    monkeypatch.setattr(type(place), "read_bytes", refused)
    assert recorded(take, str(place), client=client)[0]["x"] == str(place)


# --- many at once, and streams ---


def essence(value):
    """Contents and sounds as what they are, wherever they stand."""
    if isinstance(value, list | tuple):
        return [essence(part) for part in value]
    if isinstance(value, dict):
        return {key: essence(part) for key, part in value.items()}
    if isinstance(value, Content):
        return value.mimetype, value.data
    return (value.format, value.data) if isinstance(value, Audio) else value


def test_every_part_of_a_series(client):
    """Of a list, a tuple, a dict, and of any number of arguments; the function has plain values."""
    seen = []

    @weave.op
    def take(
        pages: list[Annotated[bytes, Content["pdf"]]],
        *more: Annotated[str, Content["md"]],
        named: Mapping[str, Annotated[bytes, Content]] | None = None,
        **others: Annotated[bytes, Content["png"]],
    ) -> tuple[Annotated[str, Content], ...]:
        seen.append((pages, more, named, others))
        return ("a", "b")

    _, call = take.call([b"1", None], "# m", named={"k": b"2"}, o=b"3")
    assert seen == [([b"1", None], ("# m",), {"k": b"2"}, {"o": b"3"})]
    read = client.get_call(call.id)
    assert essence(dict(read.inputs)) == {
        "pages": [("application/pdf", b"1"), None],
        "more": [("text/markdown", b"# m")],
        "named": {"k": ("text/plain", b"2")},
        "others": {"o": ("image/png", b"3")},
    }
    assert essence(read.output) == [("text/plain", b"a"), ("text/plain", b"b")]


def test_every_part_of_a_stream(client):
    """What a generator gives, plain and asynchronous; the reader has the plain pieces."""

    @weave.op
    def speak() -> Iterator[Annotated[bytes, Content["wav"]]]:
        yield b"a"
        yield b"b"

    @weave.op
    async def speak_late() -> AsyncIterator[Annotated[bytes, Audio["mp3"]]]:
        yield b"c"
        yield b"d"

    async def collected():
        return [part async for part in speak_late()]

    assert (list(speak()), asyncio.run(collected())) == ([b"a", b"b"], [b"c", b"d"])
    assert [essence(call.output) for call in client.get_calls()] == [
        [("audio/wav", b"a"), ("audio/wav", b"b")],
        [("mp3", b"c"), ("mp3", b"d")],
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([b"a", b"b"], ("audio/wav", b"ab")),
        (["a", "b"], ("audio/wav", b"ab")),
        ([b"a", "b"], [b"a", "b"]),
        ([], []),
    ],
)
def test_a_stream_as_one(parts, expected, client):
    """An annotation around the stream means all of it."""

    @weave.op
    def speak() -> Annotated[Iterator[bytes], Content["wav"]]:
        yield from parts

    assert list(speak()) == parts
    assert essence(client.get_calls()[0].output) == expected


def test_an_accumulator_comes_first(client):
    """What it makes is recorded as the annotation says."""

    @weave.op(accumulator=lambda state, part: (state or b"") + part)
    def speak() -> Iterator[Annotated[bytes, Content["wav"]]]:
        yield b"a"
        yield b"b"

    list(speak())
    assert essence(client.get_calls()[0].output) == ("audio/wav", b"ab")


# --- files and sound ---


def test_files(tmp_path, client):
    """A path that is there is read; one that is not may be where the function writes to."""
    place = tmp_path / "a.png"
    place.write_bytes(b"\x89PNG")

    @weave.op
    def take(x: Annotated[Any, File], to: Annotated[Path, Content]):
        to.write_text("done")

    inputs, _ = recorded(take, str(place), tmp_path / "new.txt", client=client)
    assert (inputs["x"].filename, inputs["x"].data) == ("a.png", b"\x89PNG")
    assert inputs["to"] == str(tmp_path / "new.txt")
    assert recorded(take, "absent", tmp_path / "n", client=client)[0]["x"] == "absent"
    assert recorded(take, b"b", tmp_path / "n", client=client)[0]["x"].data == b"b"


def test_sound(tmp_path, client):
    """Bytes by what is said or by how they begin, and files; what is no sound stays."""
    place = tmp_path / "a.mp3"
    place.write_bytes(b"ID3file")

    @weave.op
    def take(x: Annotated[Any, Audio], y: Annotated[Any, Audio[Literal["audio/wav"]]]):
        return None

    for given, expected in [
        (b"ID3..", ("mp3", b"ID3..")),
        (b"\xff\xfb..", ("mp3", b"\xff\xfb..")),
        (str(place), ("mp3", b"ID3file")),
        (place, ("mp3", b"ID3file")),
        (b"no sound", b"no sound"),
        ("absent.mp3", "absent.mp3"),
        (5, 5),
    ]:
        inputs, _ = recorded(take, given, b"QUJD", client=client)
        assert essence(dict(inputs)) == {"x": expected, "y": ("wav", b"QUJD")}


def test_methods(client):
    """Of an instance, static, and asynchronous."""

    class Reader:
        @weave.op
        async def read(self, page: Annotated[bytes, Content]) -> Annotated[bytes, Content["png"]]:
            return page

        @weave.op
        @staticmethod
        def size(page: Annotated[bytes, Content]) -> int:
            return len(page)

    assert (asyncio.run(Reader().read(b"ab")), Reader.size(b"abc")) == (b"ab", 3)
    first, second = client.get_calls()
    assert essence([first.inputs["page"], first.output]) == [
        ("text/plain", b"ab"),
        ("image/png", b"ab"),
    ]
    assert essence(second.inputs["page"]) == ("text/plain", b"abc")
