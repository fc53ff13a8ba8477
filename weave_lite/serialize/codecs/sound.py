"""Sound: readers of wave files, and ``Audio`` in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotSupportedError
from weave_lite.serialize.custom_type import custom_record, files_form
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from wave import Wave_read

    from weave_lite.serialize.artifact import FilesArtifact
    from weave_lite.serialize.media.audio import Audio
    from weave_lite.serialize.registry import Sink, Source

__all__ = ["AUDIO", "WAVE"]

_WAVE_ID = "wave.Wave_read"
_AUDIO_ID = "weave.type_handlers.Audio.audio.Audio"
_WAVE_FILE = "audio.wav"
_KIND_FILE = "_metadata.json"
_PREFIX = "audio."


def _save_wave(value: Wave_read, artifact: FilesArtifact, name: str) -> None:
    """Write all frames anew, and leave the reader where it was."""
    import wave  # noqa: PLC0415 - kept out of the import of the decorators

    del name
    # A pipe cannot be read twice; a reader that was moved there would fail from then on.
    if not getattr(value.getfp(), "seekable", False):
        raise NotSupportedError("the sound is closed, or comes from a pipe; record its bytes")
    at = value.tell()
    value.rewind()
    try:
        frames = value.readframes(value.getnframes())
    finally:
        value.setpos(at)
    with artifact.new_file(_WAVE_FILE, binary=True) as file, wave.open(file, "wb") as written:
        written.setnchannels(value.getnchannels())
        written.setsampwidth(value.getsampwidth())
        written.setframerate(value.getframerate())
        written.writeframes(frames)


def _load_wave(artifact: FilesArtifact, name: str) -> Wave_read:
    import io  # noqa: PLC0415
    import wave  # noqa: PLC0415

    del name
    return wave.open(io.BytesIO(artifact.path_contents[_WAVE_FILE]), "rb")


def _encode_audio(value: Audio, sink: Sink) -> dict[str, Any]:
    kind = f'{{"_type": "{_AUDIO_ID}"}}'.encode()
    path = f"{_PREFIX}{value.format}"
    files = {_KIND_FILE: sink.save_file(_KIND_FILE, kind), path: sink.save_file(path, value.data)}
    return custom_record(_AUDIO_ID, files=files)


def _decode_audio(record: dict[str, Any], source: Source) -> Audio | Wave_read:
    from weave_lite.serialize.media.audio import Audio  # noqa: PLC0415 - only when there is one

    files = record["files"]
    path = next(path for path in files if path.startswith(_PREFIX))
    kind = source.read_file(files[_KIND_FILE]) if _KIND_FILE in files else b""
    if path == _WAVE_FILE and _AUDIO_ID.encode() not in kind:
        # The newest official SDK stores a wave reader under this type.
        found: Wave_read = _read_wave({"files": {path: files[path]}}, source)
        return found
    return Audio._stored(lambda: source.read_file(files[path]), path[len(_PREFIX) :])  # noqa: SLF001


_encode_wave, _read_wave = files_form(_WAVE_ID, _save_wave, _load_wave)

WAVE = Codec(
    _WAVE_ID, lambda cls: is_loaded_class(cls, "wave", "Wave_read"), _encode_wave, _read_wave
)
AUDIO = Codec(
    _AUDIO_ID,
    lambda cls: is_loaded_class(cls, "weave_lite.serialize.media.audio", "Audio"),
    _encode_audio,
    _decode_audio,
)
