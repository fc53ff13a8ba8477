"""Every example runs by itself, in an empty folder, with the network cut off, and prints what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# Loaded by the interpreter at start: any attempt to reach anything but this machine fails.
NO_NETWORK = """
import socket
def guarded(function, host_of):
    def call(*args, **kwargs):
        if host_of(*args) != "127.0.0.1":
            raise OSError("the network is cut off")
        return function(*args, **kwargs)
    return call
connect_host = lambda sock, address: address[0]
socket.socket.connect = guarded(socket.socket.connect, connect_host)
socket.socket.connect_ex = guarded(socket.socket.connect_ex, connect_host)
socket.getaddrinfo = guarded(socket.getaddrinfo, lambda host, *rest: host)
"""
PRINTED = {
    "actions": """\
refused: why it is blue -> Sorry, I cannot say why it is blue.
of 3 calls
""",
    "completions": """\
answer: You said: hello there
answer: the endpoint http://127.0.0.1:PORT/v1/chat/completions answered HTTP 400: please do not shout
weave.completions_create success {'home/parrot': {'prompt_tokens': 2, 'completion_tokens': 2, 'total_tokens': 4}}
weave.completions_create error None
""",
    "evaluation": """\
Hello: 2 of 3 match
Yo: 0 of 3 match
""",
    "evaluation_logger": """\
{"correct": {"true_count": 2, "true_fraction": 0.6666666666666666}, "distance": {"mean": 0.6666666666666666}, "questions": 3}
""",
    "feedback": """\
2 + 2 = 4 [':thumbs_up:', {'score': 1.0}]
3 * 3 = 6 [':thumbs_down:', {'score': 0.25}]
5 - 1 = 4 [':thumbs_up:', {'score': 1.0}]
to look at: ['3 * 3']
liked: ['2 + 2', '5 - 1']
cost: 0.007 USD
""",
    "media": """\
count_words -> Content text-a65d.txt text/plain 31 bytes
report -> Markdown The page has **7** words.
beep -> Wave_read 0.5 seconds
['# One', '# Two']
""",
    "monitor": """\
2 + 2, in JSON -> {'json_valid': True}
2 + 2 -> {'json_valid': False}
""",
    "openai_local": """\
compare -> 2 words against 5 words
   openai.chat.completions.create -> 2 words
   openai.chat.completions.create -> 5 words
{'counter-1': {'requests': 2, 'completion_tokens': 4, 'prompt_tokens': 7, 'total_tokens': 11}}
""",
    "opentelemetry_spans": """\
ask {'question': 'Why?'} -> Because.
   chat small-model {'gen_ai.prompt': [{'content': 'Why?'}]} -> {'gen_ai.completion': [{'content': 'Because.'}]}
   {'small-model': {'input_tokens': 3, 'output_tokens': 2, 'total_tokens': 5}}
""",
    "quickstart": "shout {'text': 'hello', 'times': 3} -> HELLO!!!\n",
    "serve_and_sync": """\
over HTTP: ['?yhw']
acme/chat: moved 1 ops, 1 files, 1 calls
  read back: 4 right, 0 wrong
in the file: ['?yhw']
""",
    "saved_view": """\
              Dull essays
┏━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━┓
┃ inputs.essay       ┃ Status ┃ score ┃
┡━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━┩
│ yes yes yes yes    │ ✅     │ 0.25  │
│ to be or not to be │ ✅     │ 0.67  │
└────────────────────┴────────┴───────┘
[['yes yes yes yes', 0.25], ['to be or not to be', 0.67], ['all good here', 1.0]]
a new version: True
""",
}


def offline_environment(folder: Path) -> dict[str, str]:
    """An environment whose Python cannot reach any network."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEAVE")}
    # The library of this checkout, whichever is installed.
    return {**kept, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_there_are_examples() -> None:
    """Each example has its text here, and each text an example."""
    assert [path.stem for path in EXAMPLES] == sorted(PRINTED)


def test_the_network_is_cut_off(tmp_path: Path) -> None:
    """The guard that the examples run under lets nobody out."""
    program = "import urllib.request as u; u.urlopen('http://192.0.2.1/', timeout=5)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=offline_environment(tmp_path / "offline"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "the network is cut off" in done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example: Path, tmp_path: Path) -> None:
    """It ends without an error and prints what it is to show."""
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=work,
        env=offline_environment(tmp_path / "offline"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert re.sub(r":\d{4,5}/", ":PORT/", done.stdout) == PRINTED[example.stem]


def test_quickstart_prints_its_call(tmp_path: Path) -> None:
    """The quickstart shows the call it made, read back from the store."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "quickstart.py")],
        cwd=tmp_path,
        env=offline_environment(tmp_path / "offline"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "shout {'text': 'hello', 'times': 3} -> HELLO!!!\n"
    assert "quickstart" in done.stderr
    assert (tmp_path / ".weave" / "weave.db").is_file()
