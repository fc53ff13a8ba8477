"""Trace and keep what is not JSON: documents, sound, Markdown; each is stored once, and read when asked for."""

import io
import wave
from typing import Annotated

import weave_lite as weave

client = weave.init("media", db="media.db")


# The function gets plain bytes; what is recorded is a Content, with its media type.
@weave.op
def count_words(page: Annotated[bytes, weave.Content]) -> int:
    return len(page.split())


@weave.op
def beep(seconds: float) -> wave.Wave_read:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes([64, 192] * int(seconds * 4000)))
    file.seek(0)
    return wave.open(file, "rb")


@weave.op
def report(words: int) -> weave.Markdown:
    return weave.Markdown(f"# Report\n\nThe page has **{words}** words.")


report(count_words(b"It was a dark and stormy night."))
beep(0.5)

for call in client.get_calls():
    value = call.inputs.get("page", call.output)
    print(call.op_name.split("/")[-1].split(":")[0], "->", type(value).__name__, end=" ")
    if isinstance(value, weave.Content):
        print(value.filename, value.mimetype, value.size, "bytes")
    elif isinstance(value, weave.Markdown):
        print(value.markup.splitlines()[-1])
    else:
        print(value.getnframes() / value.getframerate(), "seconds")

# A dataset holds them in its rows.
pages = [weave.Content.from_text(text, extension="md") for text in ("# One", "# Two")]
weave.publish(weave.Dataset(name="pages", rows=[{"page": page} for page in pages]))
print([row["page"].as_string() for row in weave.ref("pages").get()])
