"""What the tests of op code share: modules made of text, and their stored form."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap

import pytest

from weave_lite.serialize.codecs.op_code import op_source

_numbers = itertools.count()


def no_reference(value):
    return None


@pytest.fixture
def sample(tmp_path):
    """Import a text as a module of a file, and forget it after the test."""
    made = []

    def make(text, **names):
        name = f"op_sample_{next(_numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        module.__dict__.update(names)
        sys.modules[name] = module
        made.append(name)
        spec.loader.exec_module(module)
        return module

    yield make
    for name in made:
        del sys.modules[name]


def stored(op, reference=no_reference):
    return op_source(op.resolve_fn, name=op.name, reference=reference)
