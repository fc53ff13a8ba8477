"""Media, written or read by an official SDK in its own environment.

``media_job.py PROJECT write FILE`` publishes one object per kind and records a call with each; FILE
gets what they hold. ``media_job.py PROJECT read FILE`` reads those that FILE names, and puts what
it found in their place.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import sys
import wave
from pathlib import Path

import weave


def held(value: object) -> object:
    """Say in JSON what a value holds; ours and the official classes are asked alike."""
    if isinstance(value, dt.datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, wave.Wave_read):
        value.rewind()
        frames = value.readframes(value.getnframes())
        return ["wave", list(value.getparams()[:4]), base64.b64encode(frames).decode()]
    if hasattr(value, "markup"):
        return ["markdown", value.markup, value.code_theme]
    if hasattr(value, "tobytes") and hasattr(value, "mode"):
        pixels = hashlib.sha256(value.tobytes()).hexdigest()
        return ["image", value.format, value.mode, list(value.size), pixels]
    if hasattr(value, "mimetype"):
        names = ("size", "mimetype", "digest", "filename", "content_type", "encoding", "extension")
        facts = {name: getattr(value, name) for name in (*names, "metadata")}
        return ["content", base64.b64encode(value.data).decode(), facts]
    if hasattr(value, "export"):
        return ["audio", value.format, base64.b64encode(value.data).decode()]
    return ["other", repr(value)]


def wave_reader() -> wave.Wave_read:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\1\0\2\0" * 50)
    return wave.open(io.BytesIO(file.getvalue()), "rb")


def images() -> dict[str, object]:
    try:
        from PIL import Image
    except ImportError:
        return {}
    image = Image.linear_gradient("L").resize((20, 10)).convert("RGB")
    found: dict[str, object] = {"image-png": image, "image-rgba": image.convert("RGBA")}
    for name in ("JPEG", "WEBP"):
        file = io.BytesIO()
        image.save(file, name)
        found[f"image-{name.lower()}"] = Image.open(io.BytesIO(file.getvalue()))
    return found


def values() -> dict[str, object]:
    """Make one value of every kind that this SDK has."""
    found: dict[str, object] = {
        "datetime": dt.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=dt.timezone.utc),
        "wave": wave_reader(),
        "markdown": weave.Markdown("# hi", code_theme="vim"),
        **images(),
    }
    if hasattr(weave, "Content"):
        found["content-text"] = weave.Content.from_text("# hé", extension="md", metadata={"n": [1]})
        found["content-bytes"] = weave.Content.from_bytes(b"%PDF-1.4\n%abc")
        found["content-base64"] = weave.Content.from_base64("aGVsbG8=")
        found["audio"] = weave.Audio(b"ID3\x04" + bytes(20), "mp3")
    return found


@weave.op
def ident(x):
    return {"out": [x]}


def write(client) -> dict[str, object]:
    told = {}
    for name, value in values().items():
        weave.publish({"v": [value]}, name=name)
        _, call = ident.call(value)
        told[name] = [held(value), call.id]
    client.flush()
    return told


def read(client, wanted: dict[str, list]) -> dict[str, object]:
    found = {}
    for name, (_, call_id) in wanted.items():
        try:
            call = client.get_call(call_id)
            inside = [weave.ref(f"{name}:latest").get()["v"][0], call.inputs["x"]]
            found[name] = [held(each) for each in (*inside, call.output["out"][0])]
        except Exception as error:  # what an SDK cannot read is for the asker to judge
            found[name] = f"{type(error).__name__}: {error}"
    return found


if __name__ == "__main__":
    project, job, file = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    active = weave.init(project)
    answer = write(active) if job == "write" else read(active, json.loads(file.read_text()))
    weave.finish()
    file.write_text(json.dumps({"version": weave.__version__, "told": answer}))
