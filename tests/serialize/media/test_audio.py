"""Audio: bytes or base64 with a format, from a file and back to one."""

from __future__ import annotations

import base64
import pickle

import pytest

from weave_lite.core.errors import InvalidFieldError
from weave_lite.serialize.media.audio import Audio

SOUND = b"RIFF\x04\0\0\0WAVE"


def test_bytes_and_base64(tmp_path):
    """Base64 is decoded, unless one says that it is none."""
    encoded = base64.b64encode(SOUND)
    (tmp_path / "a.WAV").write_bytes(SOUND)
    alike = [
        Audio(SOUND, "wav"),
        Audio(encoded, "wav"),
        Audio.from_data(SOUND, "wav"),
        Audio.from_data(encoded.decode(), format="wav"),
        Audio.from_path(tmp_path / "a.WAV"),
        Audio.from_path(str(tmp_path / "a.WAV").encode()),
    ]
    assert all(audio == alike[0] and hash(audio) == hash(alike[0]) for audio in alike)
    assert Audio(encoded, "wav", validate_base64=False).data == encoded
    assert Audio(SOUND, "wav") != Audio(SOUND, "mp3")
    assert Audio(SOUND, "wav") != SOUND


def test_export_and_pickle(tmp_path):
    """It goes to a file as it is."""
    audio = Audio(SOUND, "mp3")
    audio.export(tmp_path / "b.mp3")
    assert (tmp_path / "b.mp3").read_bytes() == SOUND
    assert pickle.loads(pickle.dumps(audio)) == audio
    assert Audio["wav"].__origin__ is Audio


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Audio(b"x", "zzz"), "format must be one of aac, .*, not 'zzz'"),
        (lambda: Audio("text", "wav"), "use Audio.from_data"),
        (lambda: Audio.from_data("!!", "wav"), "data must be base64 when it is a text"),
        (lambda: Audio.from_path("a.txt"), "format must be one of .*, not 'txt'"),
        (lambda: Audio.from_path("a"), "format must be one of .*, not ''"),
    ],
)
def test_what_is_refused(make, message):
    """With the name of the argument."""
    with pytest.raises(InvalidFieldError, match=message):
        make()


def test_a_stored_one_reads_its_bytes_when_asked():
    """Once."""
    reads = []
    audio = Audio._stored(lambda: reads.append(1) or SOUND, "wav")
    assert (repr(audio), reads) == ("Audio(format='wav', size=not read yet)", [])
    assert (audio.data, audio.data, reads) == (SOUND, SOUND, [1])
