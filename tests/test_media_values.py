"""Media through the package: as input, output, attribute, nested, in objects and datasets."""

from __future__ import annotations

import datetime as dt
import enum
import io
import wave
from typing import Any, Literal

import pytest

import weave_lite as weave
from weave_lite import Audio, Content, File, Markdown
from weave_lite.core.errors import NotFoundError
from weave_lite.testing import memory_client


@pytest.fixture
def client():
    """The active client; each record is written at once."""
    with memory_client(capture_client_info=False, capture_system_info=False) as client:
        yield client


def wave_reader():
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\1\0\2\0")
    return wave.open(io.BytesIO(file.getvalue()), "rb")


def image():
    return pytest.importorskip("PIL.Image").new("RGB", (2, 3), "red")


def large_array():
    numpy = pytest.importorskip("numpy")
    return numpy.arange(20_000).reshape(100, 200)


MAKERS = {
    "content": lambda: Content.from_text("# hi", extension="md", metadata={"n": 1}),
    "audio": lambda: Audio(b"ID3...", "mp3"),
    "markdown": lambda: Markdown("# hi", code_theme="vim"),
    "wave": wave_reader,
    "image": image,
    "bytes": lambda: b"\0\1",
    "array": large_array,
    "datetime": lambda: dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
}


def essence(value):
    """A value in a form that can be compared."""
    if isinstance(value, wave.Wave_read):
        return value.getparams()
    return (value.mode, value.tobytes()) if hasattr(value, "mode") else getattr(
        value, "tolist", lambda: value
    )()  # fmt: skip


@pytest.fixture(params=list(MAKERS))
def value(request):
    """A value of each kind."""
    return MAKERS[request.param]()


def test_in_calls(value, client):
    """As input, output and attribute, and inside lists and dicts; the op has the value itself."""

    @weave.op
    def ident(x, nested):
        assert x is value
        return {"out": [value]}

    with weave.attributes({"given": value}):
        result, call = ident.call(value, [{"deep": value}])
    assert result["out"][0] is value
    read = client.get_call(call.id)
    found = [
        read.inputs["x"],
        read.inputs["nested"][0]["deep"],
        read.output["out"][0],
        read.attributes["given"],
    ]
    assert [essence(each) for each in found] == [essence(value)] * 4


class Holder(weave.Object):
    held: Any
    many: list[Any] = []


def test_in_objects(value, client):
    """As a field, in a list of a field, and published by itself; a second publish adds nothing."""
    ref = weave.publish(Holder(held=value, many=[value]))
    read = ref.get()
    assert type(read) is Holder
    assert [essence(read.held), essence(read.many[0])] == [essence(value)] * 2
    assert essence(weave.publish({"v": value}, "bare").get()["v"]) == essence(value)
    assert weave.publish(Holder(held=value, many=[value])).digest == ref.digest
    assert weave.publish(read).digest == ref.digest


def test_in_datasets(value, client):
    """In rows, read back page by page, and passed on to an op."""
    rows = [{"n": n, "v": value} for n in range(3)]
    read = weave.publish(weave.Dataset(name="media", rows=rows)).get()
    assert [essence(row["v"]) for row in read.rows] == [essence(value)] * 3

    @weave.op
    def take(v):
        return None

    _, call = take.call(read.rows[1]["v"])
    assert essence(client.get_call(call.id).inputs["v"]) == essence(value)


def test_typed_fields(client):
    """A field may be of these classes."""

    class Page(weave.Object):
        body: Content
        cover: Content[Literal["png"]] | None = None
        text: Markdown
        sound: Audio | None = None

    page = Page(body=Content.from_text("x"), text=Markdown("y"), sound=Audio(b"z1", "mp3"))
    read = weave.publish(page).get()
    assert (read.body, read.cover, read.text, read.sound) == (
        page.body,
        None,
        page.text,
        page.sound,
    )


def test_each_content_is_stored_once(client):
    """However many calls have it."""
    content = Content.from_bytes(bytes(300_000))

    @weave.op
    def ident(x):
        return x

    for _ in range(3):
        ident(content)
        ident(Content.from_bytes(bytes(300_000)))
    from weave_lite.trace_server import trace_server_interface as tsi

    stats = client.server.files_stats(tsi.FilesStatsReq(project_id=client.project_id))
    assert 300_000 <= stats.total_size_bytes < 310_000


def test_reading_a_call_reads_no_content(client, monkeypatch):
    """Only what is asked for is read from the store."""

    @weave.op
    def ident(x, y):
        return None

    _, call = ident.call(Content.from_text("hello"), Audio(b"ID3", "mp3"))
    names = []
    server = type(client.server)
    before = server.file_content_read

    def counted(self, req):
        res = before(self, req)
        names.append(res.content[:5])
        return res

    monkeypatch.setattr(server, "file_content_read", counted)
    inputs = client.get_call(call.id).inputs
    assert names == [b'{"_ty']  # which class the sound is read as
    assert inputs["x"].as_string() == "hello"
    assert names[1:] == [b'{"siz', b"hello"]


def test_a_content_of_another_store(client):
    """What was read from one project goes whole into another."""
    ref = weave.publish({"c": Content.from_text("hello"), "a": Audio(b"ID3", "mp3")}, "media")
    read = ref.get()
    with memory_client("other/place") as other:
        again = weave.publish(read, "media").get()
        assert (again["c"].as_string(), again["a"].data) == ("hello", b"ID3")
        assert again["c"] == read["c"]
        other.flush()
    assert again["c"].as_string() == "hello"


def test_a_content_whose_file_is_gone(client, monkeypatch):
    """The call is read; the content says what is wrong when its bytes are asked for."""

    @weave.op
    def ident(x):
        return None

    _, call = ident.call(Content.from_text("hello"))

    def gone(self, req):
        raise NotFoundError("file gone")

    monkeypatch.setattr(type(client.server), "file_content_read", gone)
    content = client.get_call(call.id).inputs["x"]
    with pytest.raises(NotFoundError, match="file gone"):
        _ = content.data


def test_files_and_enums(tmp_path, client):
    """A File is read back as a Content; members of enums as their values, plain JSON."""
    (tmp_path / "a.md").write_text("# hi")

    class Color(enum.Enum):
        RED = 1

    read = weave.publish({"f": File(tmp_path / "a.md"), "e": [Color.RED]}, "mixed").get()
    assert (read["f"].filename, read["f"].mimetype, read["e"]) == ("a.md", "text/markdown", [1])
