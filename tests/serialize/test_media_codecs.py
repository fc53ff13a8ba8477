"""Sound, video, Markdown, contents and files: their records, and the way back."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
import types
import wave
from pathlib import Path

import pytest

from weave_lite.core import jsontext
from weave_lite.serialize import registry, walk
from weave_lite.serialize.codecs import FIRST, LAST
from weave_lite.serialize.custom_type import custom_record
from weave_lite.serialize.media.audio import Audio
from weave_lite.serialize.media.content import Content
from weave_lite.serialize.media.file import File
from weave_lite.serialize.media.markdown import Markdown
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.read import decode

CONTENT = "weave.type_wrappers.Content.content.Content"
FILE = "weave.type_handlers.File.file.File"
AUDIO = "weave.type_handlers.Audio.audio.Audio"


def stored(value, store):
    return jsontext.parse(walk.encode(value, store).text)


def files_of(record, store):
    return {path: store.files[digest] for path, digest in record["files"].items()}


def record_of(type_id, store, **files):
    names = {"facts": "metadata.json", "kind": "_metadata.json"}
    saved = {
        names.get(name, name.replace("_", ".")): store.save_file(name, content)
        for name, content in files.items()
    }
    return custom_record(type_id, files=saved)


# --- contents ---


def test_content_record(store):
    """The files are, byte for byte, those that the official SDK 0.54.0 writes."""
    record = stored({"c": Content.from_bytes(b"hello")}, store)["c"]
    assert list(record) == ["_type", "weave_type", "files"]
    assert record["weave_type"] == {"type": CONTENT}
    assert files_of(record, store) == {
        "content": b"hello",
        "metadata.json": (
            b'{"size": 5, "mimetype": "text/plain", "digest": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b'
            b'161e5c1fa7425e73043362938b9824", "filename": "text-2cf2.txt", "content_type": "bytes",'
            b' "input_type": "bytes", "encoding": "utf-8", "metadata": null, "extension": ".txt"}'
        ),
    }


def test_content_reads_back_late_and_is_written_alike(store):
    """Nothing is read before it is asked for; what was read is stored as it was."""
    content = Content.from_text("hé", metadata={"n": [1]}, encoding="latin-1")
    record = stored(content, store)
    reads = []

    class Counting:
        def read_file(self, digest):
            reads.append(digest)
            return store.read_file(digest)

    read = decode(record, Counting())
    assert (type(read), reads) == (Content, [])
    assert read.encoding == "latin-1"
    assert reads == [record["files"]["metadata.json"]]
    assert read == content
    assert len(reads) == 1
    assert read.as_string() == "hé"
    assert stored(read, store) == record


def test_large_content_is_hashed_and_saved_once_and_never_copied(store):
    """50 MB in three values take no second 50 MB; a sink has them once."""
    data = bytes(50_000_000)
    saved = []
    save_file = store.save_file
    store.save_file = lambda name, content: (
        saved.append((name, content)) or save_file(name, content)
    )
    tracemalloc.start()
    content = Content.from_bytes(data)
    records = [stored([content, {"again": content}], store), stored(content, store)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert records[0][0] == records[0][1]["again"] == records[1]
    assert [given is data for name, given in saved if name == "content"] == [True]


def test_another_sink_gets_the_content_too(store):
    """What one store has, another has not."""
    other = type(store)()
    content = Content.from_text("x")
    assert stored(content, store) == stored(content, other)
    assert store.files == other.files


def test_notes_that_are_not_json_and_secrets(store):
    """They are stored as text; a secret is not stored at all."""
    content = Content.from_text("x", metadata={"at": {1}, "deep": {"api_key": "s"}})
    facts = json.loads(files_of(stored(content, store), store)["metadata.json"])
    assert facts["metadata"] == {"at": "{1}", "deep": {"api_key": "REDACTED"}}
    assert content.metadata == {"at": {1}, "deep": {"api_key": "s"}}


def test_file(store, tmp_path):
    """A file is stored as a content; the older record of files is read."""
    place = tmp_path / "a.txt"
    place.write_text("hello")
    assert stored(File(place), store) == stored(Content.from_path(place), store)
    older = record_of(
        FILE, store, file=b"hello",
        facts=b'{"original_path": "/home/x/b.bin", "mimetype": "image/png", "size": 5}',
    )  # fmt: skip
    read = decode(older, store)
    assert (type(read), read.data, read.filename, read.mimetype, read.size, read.path) == (
        File, b"hello", "b.bin", "image/png", 5, None,
    )  # fmt: skip
    for facts in ({}, {"facts": b"no JSON"}, {"facts": b"[]"}):
        bare = decode(record_of(FILE, store, file=b"hello", **facts), store)
        assert (bare.filename, bare.mimetype) == ("text-2cf2.txt", "text/plain")


@pytest.mark.parametrize("type_id", [CONTENT, FILE, AUDIO, "PIL.Image.Image", "wave.Wave_read"])
def test_a_broken_record_is_kept_as_it_is(type_id, store):
    """Without its files nothing can be read, and nothing fails."""
    for record in (custom_record(type_id, files={}), custom_record(type_id, val=1)):
        read = decode(record, store)
        assert type(read) is OpaqueValue
        assert stored(read, store) == record


# --- sound ---


def wave_bytes(frames=b"\1\0\2\0\3\0", channels=1):
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(frames)
    return file.getvalue()


def test_wave(store):
    """All frames, whatever was read; the reader stays where it was, at its end too."""
    for position in (1, 3):
        reader = wave.open(io.BytesIO(wave_bytes()), "rb")
        reader.setpos(position)
        record = stored(reader, store)
        assert reader.tell() == position
        assert record["weave_type"] == {"type": "wave.Wave_read"}
        assert files_of(record, store) == {"audio.wav": wave_bytes()}
        read = decode(record, store)
        assert type(read) is wave.Wave_read
        assert read.getparams() == reader.getparams()
        assert read.readframes(9) == b"\1\0\2\0\3\0"
        assert read.art.path_contents == {"audio.wav": wave_bytes()}


def test_audio(store):
    """As the newest official SDK writes it, and back."""
    audio = Audio(b"ID3...", "mp3")
    record = stored(audio, store)
    assert record["weave_type"] == {"type": AUDIO}
    assert files_of(record, store) == {
        "_metadata.json": b'{"_type": "weave.type_handlers.Audio.audio.Audio"}',
        "audio.mp3": b"ID3...",
    }
    read = decode(record, store)
    assert (type(read), read) == (Audio, audio)
    assert stored(read, store) == record


@pytest.mark.parametrize("kind", [{}, {"kind": b'{"_type": "wave.Wave_read"}'}])
def test_a_wave_reader_of_the_newest_official_sdk(kind, store):
    """It stands under the type of Audio there."""
    record = record_of(AUDIO, store, audio_wav=wave_bytes(), **kind)
    assert decode(record, store).readframes(9) == b"\1\0\2\0\3\0"
    own = record_of(AUDIO, store, audio_wav=wave_bytes(), kind=f'{{"_type": "{AUDIO}"}}'.encode())
    assert decode(own, store) == Audio(wave_bytes(), "wav")


@pytest.mark.parametrize("format_name", ["", "exe", "/../x"])
def test_sound_of_an_unknown_format(format_name, store):
    """It is kept as it is."""
    record = custom_record(AUDIO, files={f"audio.{format_name}": store.save_file("a", b"x")})
    read = decode(record, store)
    assert type(read) is OpaqueValue
    assert stored(read, store) == record


def test_sound_from_a_pipe_is_not_touched(store):
    """It cannot be read twice, so the user reads it."""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation("seek")

        def tell(self):
            raise io.UnsupportedOperation("tell")

    reader = wave.open(Pipe(wave_bytes()), "rb")
    assert reader.readframes(1) == b"\1\0"
    assert stored(reader, store).startswith("<wave.Wave_read object")
    assert reader.readframes(9) == b"\2\0\3\0"
    reader.close()
    assert stored(reader, store).startswith("<wave.Wave_read object")


# --- Markdown ---


def test_markdown_and_richs(store):
    """Both are stored alike and read as ours; the theme only if there is one."""
    rich = pytest.importorskip("rich.markdown")
    for made in (Markdown, rich.Markdown):
        record = stored(made("# hi", code_theme="vim", justify="left"), store)
        assert record == custom_record(
            "rich.markdown.Markdown", val={"markup": "# hi", "code_theme": "vim"}
        )
        assert decode(record, store) == Markdown("# hi", code_theme="vim")
    bare = stored(Markdown("x", code_theme=""), store)
    assert bare["val"] == {"markup": "x"}
    assert decode(bare, store) == Markdown("x")
    newer = custom_record("weave.type_handlers.Markdown.markdown.Markdown", val={"markup": "x"})
    assert decode(newer, store) == Markdown("x")


# --- video ---


@pytest.fixture
def moviepy(monkeypatch):
    """What moviepy has, as far as it is used: a clip that writes itself, and one of a file."""

    class VideoClip:
        def __init__(self, filename=None, fps=None):
            self.filename = filename
            self.fps = fps

        def write_videofile(self, place, *, fps, audio_codec, temp_audiofile, logger):
            assert temp_audiofile.startswith(place)
            head = "\x1aE\xdf\xa3" if audio_codec == "libvorbis" else "0000ftypisom"
            text = f"{head}{audio_codec} {fps} {logger}"
            Path(place).write_text(text, encoding="latin-1")

        def write_gif(self, place, *, fps, logger):
            Path(place).write_text(f"GIF89a {fps} {logger}")

    class VideoFileClip(VideoClip):
        pass

    clips = types.ModuleType("moviepy.video.VideoClip")
    clips.VideoClip = VideoClip
    files = types.ModuleType("moviepy.video.io.VideoFileClip")
    files.VideoFileClip = VideoFileClip
    for name in ("moviepy", "moviepy.video", "moviepy.video.io"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, clips.__name__, clips)
    monkeypatch.setitem(sys.modules, files.__name__, files)
    yield files
    registry.install(FIRST, LAST)


@pytest.mark.parametrize(
    ("filename", "fps", "path", "content"),
    [
        (None, None, "video.mp4", b"0000ftypisomaac 24 None"),
        ("/x/a.mp4", 10, "video.mp4", b"0000ftypisomaac 10 None"),
        ("/x/a.GIF", 10, "video.gif", b"GIF89a 10 None"),
        ("/x/a.webm", 10, "video.webm", b"\x1aE\xdf\xa3libvorbis 10 None"),
        ("/x/a.avi", 10, "video.mp4", b"0000ftypisomaac 10 None"),
    ],
)
def test_video(filename, fps, path, content, moviepy, store):
    """In the format of its file, else MP4; read back from a real path that lasts."""
    record = stored(moviepy.VideoFileClip(filename, fps), store)
    assert record["weave_type"] == {"type": "moviepy.video.VideoClip.VideoClip"}
    assert files_of(record, store) == {path: content}
    read = decode(record, store)
    assert type(read) is moviepy.VideoFileClip
    assert Path(read.filename).read_bytes() == content
    assert read.art.path_contents == {path: content}


@pytest.mark.parametrize(
    "content", [b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", b"ffconcat version 1.0", b""]
)
def test_only_videos_are_opened(content, moviepy, store):
    """Ffmpeg goes by the content of a file, and a playlist makes it read others."""
    record = record_of("moviepy.video.VideoClip.VideoClip", store, video_mp4=content)
    read = decode(record, store)
    assert type(read) is OpaqueValue
    assert stored(read, store) == record


def test_real_moviepy(store):
    """With the package itself, where it is installed."""
    moviepy = pytest.importorskip("moviepy")
    clip = moviepy.ColorClip((32, 16), color=(255, 0, 0), duration=0.4)
    read = decode(stored(clip, store), store)
    assert (tuple(read.size), read.fps) == ((32, 16), 24)
    read.close()
