"""The folder of files-form serializers."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from weave_lite.core.errors import InvalidNameError, NotFoundError
from weave_lite.serialize.artifact import FilesArtifact


def test_new_files():
    """Text in its encoding, and bytes."""
    artifact = FilesArtifact()
    with artifact.new_file("a/text.txt") as file:
        file.write("é")
    with artifact.new_file("latin.txt", encoding="latin-1") as file:
        file.write("é")
    with artifact.new_file("b.bin", binary=True) as file:
        file.write(b"\xff")
    assert artifact.path_contents == {
        "a/text.txt": "é".encode(),
        "latin.txt": b"\xe9",
        "b.bin": b"\xff",
    }


def test_a_writeable_path():
    """For code that only writes to real paths."""
    artifact = FilesArtifact()
    with artifact.writeable_file_path("deep/er/a.bin") as path:
        Path(path).write_bytes(b"x")
    assert artifact.path_contents == {"deep/er/a.bin": b"x"}


def test_reading():
    """As text, as bytes, and from a real path, which goes with the artifact."""
    artifact = FilesArtifact({"a.txt": b"hello"})
    with artifact.open("a.txt") as file:
        assert file.read() == "hello"
    with artifact.open("a.txt", binary=True) as file:
        assert file.read() == b"hello"
    path = Path(artifact.path("a.txt"))
    assert path.read_bytes() == b"hello"
    del artifact
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize("read", ["path", "open"])
def test_a_missing_file(read):
    """The message names what there is."""
    artifact = FilesArtifact({"a.txt": b""})
    with pytest.raises(NotFoundError, match=r"no file 'b'; the artifact has \['a.txt'\]"):
        getattr(artifact, read)("b").__enter__()


@pytest.mark.parametrize("path", ["", "/etc/x", "../x", "a/../../x", "a//b", "C:/x", "a\\..\\x"])
def test_paths_that_lead_out(path):
    """A fetched record cannot make us write elsewhere."""
    with pytest.raises(InvalidNameError, match="must be relative"):
        FilesArtifact({path: b"x"}).path(path)
    with pytest.raises(InvalidNameError, match="must be relative"):
        FilesArtifact().new_file(path).__enter__()
