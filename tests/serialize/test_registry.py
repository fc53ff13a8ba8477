"""Registered serializers, refable classes, origins and ops."""

from __future__ import annotations

import dataclasses
import enum
import uuid

import pydantic
import pytest

from weave_lite.core import jsontext
from weave_lite.core.errors import UsageError
from weave_lite.serialize import registry, walk
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.read import decode
from weave_lite.serialize.registry import Codec, is_op, register_serializer


@pytest.fixture(autouse=True)
def _registrations_end_with_the_test():
    """Put the registry back."""
    kept = [list(part) for part in (registry._registered, registry._refables, registry._origins)]
    yield
    for part, before in zip(
        (registry._registered, registry._refables, registry._origins), kept, strict=True
    ):
        part[:] = before
    registry._encoders.clear()


class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees

    def __eq__(self, other):
        return self.degrees == other.degrees

    __hash__ = None


def stored(value, store):
    return jsontext.parse(walk.encode(value, store).text)


def test_inline_form(store):
    """One parameter: the JSON value stands in the record; it reads back by the loader."""
    register_serializer(
        Celsius, lambda value: {"deg": value.degrees}, lambda val: Celsius(val["deg"])
    )
    record = stored([Celsius(3)], store)[0]
    assert record == {
        "_type": "CustomWeaveType",
        "weave_type": {"type": f"{__name__}.Celsius"},
        "val": {"deg": 3},
    }
    assert decode(record, store) == Celsius(3)


def test_files_form(store):
    """Three parameters: files by digest; the value read back carries the artifact."""

    def save(value, artifact, name):
        with artifact.new_file(f"{name}.txt") as file:
            file.write(str(value.degrees))

    def load(artifact, name):
        with artifact.open(f"{name}.txt") as file:
            return Celsius(int(file.read()))

    register_serializer(Celsius, save, load)
    record = stored(Celsius(3), store)
    digest = next(iter(store.files))
    assert record == {
        "_type": "CustomWeaveType",
        "weave_type": {"type": f"{__name__}.Celsius"},
        "files": {"obj.txt": digest},
    }
    value = decode(record, store)
    assert (value, value.art.path_contents) == (Celsius(3), {"obj.txt": b"3"})


def test_a_class_that_refuses_attributes_is_read_too(store):
    """The artifact is a courtesy."""

    def save(value, artifact, name):
        artifact.path_contents["a"] = b"1"

    register_serializer(Celsius, save, lambda artifact, name: 7)
    assert decode(stored(Celsius(3), store), store) == 7


def test_a_missing_file_gives_a_placeholder(store):
    """The loader is not asked."""
    register_serializer(Celsius, lambda value, artifact, name: None, lambda artifact, name: 7)
    record = {**stored(Celsius(3), store), "files": {"a": "missing"}}
    assert isinstance(decode(record, store), OpaqueValue)


def test_subclasses_and_earlier_codecs(store):
    """Subclasses are written too; scalars, containers and records come before registered classes."""

    @dataclasses.dataclass
    class Point:
        x: int

    class Kelvin(Celsius):
        pass

    for cls in (Celsius, Point, dict, int):
        register_serializer(cls, lambda value: "saved", lambda val: val)
    assert stored(Kelvin(1), store)["val"] == "saved"
    assert stored({"a": 1}, store) == {"a": 1}
    assert stored(Point(1), store)["_type"] == "Point"


def test_types_that_the_fast_writer_knows(store):
    """A serializer for UUID or an Enum is asked, too; inline values may themselves need a codec."""

    class Color(enum.Enum):
        RED = 1

    register_serializer(uuid.UUID, lambda value: value.int, lambda val: uuid.UUID(int=val))
    register_serializer(Color, lambda value: {value.name}, lambda val: Color[val[0]])
    records = stored({"a": [uuid.UUID(int=5)], "b": Color.RED}, store)
    assert (records["a"][0]["val"], records["b"]["val"]) == (5, ["RED"])
    assert decode(records, store) == {"a": [uuid.UUID(int=5)], "b": Color.RED}


def test_instance_check_in_place_of_the_class(store):
    """It decides value by value; the first registration that matches wins."""
    register_serializer(
        Celsius, lambda v: "cold", lambda v: v, lambda v: getattr(v, "degrees", 1) < 0
    )
    register_serializer(object, lambda v: "any", lambda v: v)
    assert [record["val"] for record in stored([Celsius(-1), Celsius(1), object()], store)] == [
        "cold",
        "any",
        "any",
    ]


def test_registering_again_replaces(store):
    """A notebook runs its cell again."""
    register_serializer(Celsius, lambda v: 1, lambda v: "old")
    register_serializer(Celsius, lambda v: 2, lambda v: "new")
    record = stored(Celsius(1), store)
    assert (record["val"], decode(record, store)) == (2, "new")


def test_a_failing_save_gives_text(store, caplog):
    """The call is stored all the same, with a warning."""
    register_serializer(Celsius, lambda value: 1 / 0, lambda val: val)
    assert stored(Celsius(1), store) == f"<{__name__}.Celsius object at 0xADDR>"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("save", [lambda: 1, lambda a, b: 1, lambda a, b, c, d: 1])
def test_save_with_other_parameters_is_refused(save):
    """The message says which are possible."""
    with pytest.raises(UsageError, match=r"one parameter \(obj\) or three"):
        register_serializer(Celsius, save, lambda val: val)


@pytest.mark.parametrize(
    "save", [str, lambda a: a, lambda a, b=1: a, lambda a, b=1, c=2: a, lambda *args: args[0]]
)
def test_save_of_one_required_parameter_is_inline(save, store):
    """Defaults and builtins count as one parameter."""
    register_serializer(Celsius, save, lambda val: val)
    assert registry.encoder_of(Celsius)(Celsius(1), store).keys() == {"_type", "weave_type", "val"}


def test_a_registered_codec_reads_by_its_name(store):
    """This is how the type `Op` is read, without this package knowing ops."""
    codec = Codec(
        "Op", lambda cls: False, lambda value, sink: None, lambda record, source: record["files"]
    )
    registry.register_codec(codec)
    record = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "d"}}
    assert decode(record, store) == {"obj.py": "d"}


def test_an_origin_is_written_in_place_of_the_value(store):
    """When the value knows one; else it is written as what it is."""

    class Row(dict):
        uri = None

    registry.register_origin(Row, lambda row, sink: row.uri)
    known, unknown = Row(a=1), Row(a=[1])
    known.uri = "weave:///e/p/object/o:d/attr/rows/id/r"
    encoded = walk.encode([known, unknown], store)
    assert jsontext.parse(encoded.text) == [known.uri, {"a": [1]}]
    assert encoded.refs == (known.uri,)


def make_op(name):
    def op():
        return name

    op._weave_op = True
    return op


def test_ops_are_saved(store):
    """As function, bound method and callable object; found by the mark, not by asking."""

    class Callable:
        def __call__(self):
            return 1

    class Holder:
        run = make_op("run")

    marked, unmarked = Callable(), Callable()
    marked._weave_op = True
    ops = [make_op("f"), Holder().run, marked]
    values = stored([*ops, unmarked], store)
    assert [text.startswith("weave:///ent/proj/object/saved:") for text in values] == [
        True,
        True,
        True,
        False,
    ]
    assert store.objects == [ops[0], Holder.run, marked]
    plain = (unmarked, Holder, 1)
    assert [is_op(value) for value in (ops[0], marked, *plain)] == [True, True, False, False, False]


def test_op_methods_are_fields_of_records(store):
    """In alphabetical order after the fields: own, inherited, static; overridden ones are not."""

    class Base(pydantic.BaseModel):
        z: int = 1

    class Model(Base):
        a: int = 2

    ops = {name: make_op(name) for name in ("predict", "alpha", "gone", "late")}
    Base.predict = ops["predict"]
    Base.gone = ops["gone"]
    Model.alpha = staticmethod(ops["alpha"])
    Model.gone = lambda self: 1
    assert list(stored(Model(), store)) == [
        "_type", "z", "a", "alpha", "predict", "_class_name", "_bases",
    ]  # fmt: skip
    assert store.objects == [ops["alpha"], ops["predict"]]
    Model.late = ops["late"]
    assert list(stored(Model(), store))[3:6] == ["alpha", "late", "predict"]


def test_a_codec_that_never_becomes_plain(store):
    """Forms that need another form, without end, end as text."""
    codec = Codec(
        "endless", lambda cls: cls is Celsius, lambda value, sink: Celsius(value.degrees + 1)
    )
    registry.register_codec(codec)
    assert stored([Celsius(1), 2], store) == [f"<{__name__}.Celsius object at 0xADDR>", 2]


def test_codecs_that_give_each_other(store):
    """A form that leads back to the value itself is a cycle of forms, and ends as text, too."""
    value = Celsius(1)
    registry.register_codec(Codec("same", lambda cls: cls is Celsius, lambda value, sink: value))
    assert stored({"a": value}, store) == {"a": f"<{__name__}.Celsius object at 0xADDR>"}
