"""The codecs, each on the values of its kind that the vectors and nasty values do not have."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import typing
import warnings

import numpy as np
import pandas as pd
import pydantic
import pytest

from weave_lite.core import jsontext
from weave_lite.serialize import walk


def stored(value, store):
    return jsontext.parse(walk.encode(value, store).text)


# --- pydantic ---


class Inner(pydantic.BaseModel):
    at: dt.datetime
    items: list[typing.Any] = []


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", arbitrary_types_allowed=True)
    named: int = pydantic.Field(alias="Stored-Name")
    secret: str = pydantic.Field(default="s", exclude=True)
    inner: Inner | None = None
    _private: int = 1

    @property
    def boom(self):
        raise ValueError("a property is never read")


def test_pydantic_record(store):
    """Alias as name, excluded and extra and private left out, nested models as records."""
    inner = Inner(at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC), items=[{1, 2}])
    assert stored(Model(**{"Stored-Name": 1, "more": 2}, inner=inner), store) == {
        "_type": "Model",
        "Stored-Name": 1,
        "inner": {
            "_type": "Inner",
            "at": {
                "_type": "CustomWeaveType",
                "weave_type": {"type": "datetime.datetime"},
                "val": "2024-01-01T00:00:00+00:00",
            },
            "items": [[1, 2]],
            "_class_name": "Inner",
            "_bases": ["BaseModel"],
        },
        "_class_name": "Model",
        "_bases": ["BaseModel"],
    }


def test_pydantic_oddities(store):
    """Generic and root models, secrets, and a model that skipped validation."""

    class Box(pydantic.BaseModel, typing.Generic[typing.TypeVar("T")]):
        item: typing.Any
        key: pydantic.SecretStr = pydantic.SecretStr("hidden")

    class Root(pydantic.RootModel[list[int]]):
        pass

    boxed = stored(Box[int](item=Root([1])), store)
    assert (boxed["_type"], boxed["key"]) == ("Box[int]", "SecretStr('**********')")
    assert boxed["item"]["root"] == [1]
    assert stored(Inner.model_construct(items=[1]), store)["items"] == [1]
    assert "at" not in stored(Inner.model_construct(), store)


def test_a_rebuilt_model_has_its_new_fields(store):
    """What was known of the class is looked up again."""

    class Late(pydantic.BaseModel):
        a: int = 1

    assert list(stored(Late(), store))[1:-2] == ["a"]
    Late.__pydantic_fields__ = {
        **Late.__pydantic_fields__,
        "b": pydantic.fields.FieldInfo(default=2),
    }
    Late.model_rebuild(force=True)
    late = Late.model_construct(a=1)
    late.__dict__["b"] = 2
    assert list(stored(late, store))[1:-2] == ["a", "b"]


def test_pydantic_class_as_schema(store):
    """And as text when it has no schema."""

    class NoSchema(pydantic.BaseModel):
        call: typing.Callable[[], int]

    assert stored(Inner, store)["required"] == ["at"]
    assert stored([NoSchema], store) == [f"<class '{__name__}.{NoSchema.__qualname__}'>"]


def test_pydantic_v1(store):
    """Models of ``pydantic.v1`` alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        v1 = pytest.importorskip("pydantic.v1")

    class Old(v1.BaseModel):
        a: int
        b: int = v1.Field(2, alias="Bee")
        c: int = v1.Field(3, exclude=True)

    assert stored(Old(a=1), store) == {
        "_type": "Old",
        "a": 1,
        "Bee": 2,
        "_class_name": "Old",
        "_bases": ["BaseModel", "Representation"],
    }
    assert stored(Old, store)["title"] == "Old"


# --- dataclasses and containers ---


def test_dataclass_fields(store):
    """Declared fields only, in slots too; class variables and init-only ones are none."""

    @dataclasses.dataclass(slots=True)
    class Slots:
        a: int
        total: typing.ClassVar[int] = 9
        start: dataclasses.InitVar[int] = 0
        b: list = dataclasses.field(default_factory=list, repr=False)

    @dataclasses.dataclass(frozen=True)
    class Frozen:
        a: object

    frozen = Frozen(1)
    object.__setattr__(frozen, "extra", 2)
    assert list(stored(Slots(1), store).items())[1:3] == [("a", 1), ("b", [])]
    assert "extra" not in stored(frozen, store)
    assert stored(Frozen, store) == f"<class '{__name__}.{Frozen.__qualname__}'>"


def test_orders_of_containers(store):
    """An ordered dict keeps its own order; sets are sorted alike in every process."""
    ordered = collections.OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert list(stored(ordered, store)) == ["b", "a"]
    assert stored({"b", "a", "c"}, store) == ["a", "b", "c"]
    assert stored({2, 10, 1.5}, store) == [1.5, 2, 10]
    assert stored({(2, "b"), (1, "a")}, store) == [[1, "a"], [2, "b"]]
    assert stored({float("nan"), 2.0}, store) == [2.0, None]
    assert stored({"10", 9, None, True}, store) == [None, True, 9, "10"]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (range(10_000), list(range(10_000))),
        (range(10_001), "range(0, 10001)"),
        (range(5, 5), []),
        (range(3, 0, -2), [3, 1]),
    ],
)
def test_ranges(value, form, store):
    """A list up to 10,000 numbers, then the text that says as much."""
    assert stored(value, store) == form


def test_scalar_enums_store_their_value(store):
    """In the fast lane and in the walk alike, also when value and text differ."""

    class Code(str, enum.Enum):
        A = "a"

        def __new__(cls, text):
            member = str.__new__(cls, "content")
            member._value_ = text
            return member

    assert stored(Code.A, store) == "a"
    assert stored([Code.A, dt.date(2024, 1, 1)], store)[0] == "a"


# --- numpy and pandas ---


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (np.int8(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float32(1.5), 1.5),
        (np.float64("nan"), None),
        (np.longdouble(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.complex128(1 + 2j), "(1+2j)"),
        (np.datetime64("2024-01-02T03:04:05.123456789"), "2024-01-02T03:04:05.123456789"),
        (np.datetime64("NaT", "s"), "NaT"),
        (np.timedelta64(90, "s"), 90.0),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(5), 5),
        (np.array([]), []),
        (np.array([1.5, np.inf]), [1.5, None]),
        (np.array(["a", {"k": 1}], dtype=object), ["a", {"k": 1}]),
        (np.array(["2024-01-02"], dtype="datetime64[D]"), ["2024-01-02"]),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        (np.array([(1, "a")], dtype=[("n", int), ("s", "U1")]), [[1, "a"]]),
        ({np.int64(1): np.int64(2)}, {"1": 2}),
    ],
)
def test_numpy(value, form, store):
    """Scalars as numbers, arrays as nested lists."""
    assert stored({"x": value}, store) == {"x": form}


def test_arrays_around_the_limit(store):
    """10,000 numbers are listed, more go to a file; objects never do (that would be a pickle)."""
    assert stored(np.zeros(10_000), store) == [0.0] * 10_000
    record = stored(np.zeros((10_001, 1), dtype="int8"), store)
    content = store.files[record["digest"]]
    assert record == {
        "_weave_lite": "ndarray",
        "digest": record["digest"],
        "size_bytes": len(content),
        "mimetype": "application/x-npy",
        "dtype": "int8",
        "shape": [10_001, 1],
    }
    assert content.startswith(b"\x93NUMPY")
    many = np.full(10_001, {"a": 1}, dtype=object)
    assert stored(many, store).startswith("array([{'a': 1}, ")


def test_pandas(store):
    """Frames and series by their ``to_dict``; times with their zone; missing ones as null."""
    frame = pd.DataFrame({"a": [1, 2], "at": pd.to_datetime(["2024-01-01", None])})
    form = stored(frame, store)
    assert form["a"] == {"0": 1, "1": 2}
    assert (form["at"]["0"]["val"], form["at"]["1"]) == ("2024-01-01T00:00:00+00:00", None)
    assert stored(pd.Series([1.5], index=["k"]), store) == {"k": 1.5}
    assert stored(pd.Timestamp("2024-01-01", tz="Europe/Paris"), store)["val"] == (
        "2024-01-01T00:00:00+01:00"
    )


# --- bytes, exceptions, text ---


@pytest.mark.parametrize(
    ("content", "mimetype"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0ACON", "application/octet-stream"),
        (b"%PDF-1.7", "application/pdf"),
        (b"", "application/octet-stream"),
        (b"text", "application/octet-stream"),
    ],
)
def test_bytes(content, mimetype, store):
    """A file by content; its media type when the first bytes tell."""
    record = stored({"x": content}, store)["x"]
    assert (record["mimetype"], record["size_bytes"]) == (mimetype, len(content))
    assert store.files == {record["digest"]: content}


def test_subclasses_of_bytes(store):
    """Their own methods are not asked."""

    class Odd(bytes):
        def __bytes__(self):
            raise ValueError("no")

    assert stored(Odd(b"abc"), store)["size_bytes"] == 3
    assert list(store.files.values()) == [b"abc"]


def test_an_exception_whose_str_raises(store):
    """Type, and a constant in place of the message."""

    class Mute(Exception):
        def __str__(self):
            raise ValueError("no")

    assert stored(Mute(), store) == {"type": "Mute", "message": "<Mute: 0xADDR>"}


def test_only_addresses_are_replaced(store):
    """Hexadecimal numbers that are data stay."""

    class Color:
        def __repr__(self):
            return "Color(0xFF00FF) id='12' at 0x7f0012ab"

    assert stored(Color(), store) == "Color(0xFF00FF) id='12' at 0xADDR"
