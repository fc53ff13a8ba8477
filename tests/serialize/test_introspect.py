"""Looking at classes without running their code."""

from __future__ import annotations

import sys
import types

from nasty_classes import HasHostileMeta, RaisingDict

from weave_lite.serialize import introspect
from weave_lite.serialize.introspect import MISSING, PerClass


class Base:
    shared = 1


class Child(Base):
    own = 2


def test_classes_are_read_past_their_metaclass():
    """A metaclass that raises at everything is not asked."""
    assert introspect.class_name(HasHostileMeta) == "HasHostileMeta"
    assert introspect.mro_of(HasHostileMeta)[1] is object
    assert introspect.base_names(HasHostileMeta) == []
    assert introspect.derives_from(HasHostileMeta, object)
    assert not introspect.derives_from(HasHostileMeta, dict)
    assert introspect.class_attribute(HasHostileMeta, "nothing") is MISSING


def test_attributes_and_bases():
    """Raw attributes along the MRO."""
    assert [introspect.class_attribute(Child, name) for name in ("own", "shared")] == [2, 1]
    assert introspect.base_names(Child) == ["Base"]


def test_instance_fields():
    """The dict of an instance; none where it has none or its class lies."""
    value = Child()
    value.x = 1
    assert introspect.instance_fields(value) == {"x": 1}
    assert introspect.instance_fields(1) == {}
    assert introspect.instance_fields(RaisingDict()) == {}


def test_loaded_classes(monkeypatch):
    """By identity with what the loaded module has; nothing is imported."""
    module = types.ModuleType("some_module")
    module.Base = Base
    assert not introspect.is_loaded_class(Child, "some_module", "Base")
    monkeypatch.setitem(sys.modules, "some_module", module)
    assert introspect.is_loaded_class(Child, "some_module", "Base")
    assert not introspect.is_loaded_class(Child, "some_module", "Other")
    assert not introspect.is_loaded_class(int, "some_module", "Base")


def test_what_is_known_of_a_class():
    """Found out once, forgotten on demand, and bounded."""
    asked = []
    known = PerClass(lambda cls: asked.append(cls) or len(asked))
    assert [known.get(Base), known.get(Base), known.get(Child)] == [1, 1, 2]
    known.forget(Base)
    known.forget(int)
    assert [known.get(Base), known.get(Child)] == [3, 2]
    known.clear()
    assert known.get(Child) == 4
    for at in range(introspect._MAX_CLASSES + 10):
        known.get(type(f"C{at}", (), {}))
    assert len(known._entries) <= introspect._MAX_CLASSES
