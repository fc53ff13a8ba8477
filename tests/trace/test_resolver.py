"""Tests of reading refs: short forms, versions, paths, ops, classes, records, and what is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import pickle
import warnings

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.api import finish, get_client, init, publish, ref
from weave_lite.core.errors import (
    InvalidRefError,
    NotFoundError,
    NotSupportedError,
    ObjectDeletedError,
    WeaveInitError,
)
from weave_lite.core.refs import CallRef, ObjectRef, OpRef, TableRef, parse_uri
from weave_lite.flow.model import Model
from weave_lite.flow.obj import Object
from weave_lite.testing import memory_client
from weave_lite.trace.classes import find_classes, register_object
from weave_lite.trace.op import is_op, op
from weave_lite.trace.resolver import parse_location
from weave_lite.trace.table import Table
from weave_lite.trace.values.origin import ref_of
from weave_lite.trace.values.record import DeletedRef, SavedObject, WeaveObject, unwrap
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import WeaveTable

DIGEST = "x" * 43


@pytest.fixture
def client():
    """The active client of an empty store in memory."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        yield client


@op
def add(a: int, b: int) -> int:
    return a + b


class Inner(Object):
    x: int = 1


class Outer(Model):
    inner: Inner
    things: dict[str, object] = {}

    @op
    def predict(self, q: str) -> str:
        return f"{q} {self.inner.x}"


@dataclasses.dataclass
class Point:
    x: int
    y: list[int] = dataclasses.field(default_factory=list)
    norm: int = dataclasses.field(init=False, default=0)


class Plain(pydantic.BaseModel):
    a: int
    point: Point | None = None


def lose(cls):
    """Act like a process that does not import a class."""
    from weave_lite.trace import classes

    classes._by_name.pop(cls.__name__, None)
    cls.__name__ = "SomethingElse"


# --- from a text to a ref ---


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("name", ObjectRef("ent", "proj", "name", "latest")),
        ("name:latest", ObjectRef("ent", "proj", "name", "latest")),
        ("name:v3", ObjectRef("ent", "proj", "name", "v3")),
        (f"name:{DIGEST}", ObjectRef("ent", "proj", "name", DIGEST)),
        ("op:add", OpRef("ent", "proj", "add", "latest")),
        ("op:add:v1", OpRef("ent", "proj", "add", "v1")),
        ("op:v3", ObjectRef("ent", "proj", "op", "v3")),
        ("op", ObjectRef("ent", "proj", "op", "latest")),
        ("weave:///a/b/object/n:v1", ObjectRef("a", "b", "n", "v1")),
        ("weave:///a/b/op/n", OpRef("a", "b", "n", "latest")),
    ],
)
def test_locations(client, location, expected):
    """Short forms are in the client's project."""
    assert parse_location(location, client) == expected


@pytest.mark.parametrize(
    "location", ["a/b", "a:b:c", "op:a:b:c", "", ":v1", "name:", "weave:///a/b", "http://x/y"]
)
def test_wrong_locations(client, location):
    """A clear error, which is a ValueError."""
    with pytest.raises(InvalidRefError) as caught:
        parse_location(location, client)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("location", ["weave:///a/b/call/1", f"weave:///a/b/table/{DIGEST}", 5])
def test_a_ref_of_another_kind_is_a_type_error(client, location):
    """Calls and tables are not read this way."""
    with pytest.raises(TypeError, match="object|text"):
        parse_location(location, client)


def test_a_ref_is_read_without_a_client(tmp_path, monkeypatch):
    """From the store that init would open; where there is none, none is made."""
    monkeypatch.setenv("WEAVE_LITE_DB", str(tmp_path / "x.db"))
    uri = f"weave:///local/one/object/thing:{'x' * 43}"
    with pytest.raises(WeaveInitError):
        ref(uri).get()
    assert list(tmp_path.iterdir()) == []

    refs = []
    for project in ("one", "two"):
        init(project)
        refs.append(publish(Outer(inner=Inner(x=len(project))), "thing"))
        refs.append(publish({"project": project}, "fact"))
        finish()

    first, fact, second, other = (ref(each.uri()).get() for each in refs)
    assert (first.inner.x, second.inner.x) == (3, 3)
    assert (first.ref, second.ref) == (refs[0], refs[2])
    assert (fact, other) == ({"project": "one"}, {"project": "two"})
    with pytest.raises(NotFoundError, match="thing"):
        ref(uri).get()
    assert get_client() is None


def test_a_short_form_needs_a_client():
    """The error says what to do; a URI needs none."""
    with pytest.raises(ValueError, match="weave.init"):
        parse_location("name", None)
    assert parse_location("weave:///a/b/object/n", None).name == "n"


def test_reading_without_a_client():
    """It says what to do."""
    with pytest.raises(WeaveInitError, match="weave.init"):
        ObjectRef("a", "b", "c", "v0").get()


# --- versions ---


def test_versions_by_name_index_and_digest(client):
    """All name the same; the value's ref has the digest."""
    first = client.publisher.publish({"n": 1}, "cfg")
    second = client.publisher.publish({"n": 2}, "cfg")

    assert client.get("cfg") == {"n": 2}
    assert client.get("cfg:v0") == {"n": 1}
    assert client.get(f"cfg:{first.digest}") == {"n": 1}
    assert second.get() == {"n": 2}


def test_latest_is_what_was_published_last(client):
    """Publishing old content again makes it the latest; ``vN`` stays."""
    for n in (1, 2, 1):
        client.publisher.publish({"n": n}, "cfg")

    assert client.get("cfg") == {"n": 1}
    assert client.get("cfg:v1") == {"n": 2}
    with pytest.raises(NotFoundError):
        client.get("cfg:v2")


def test_what_is_missing_is_named_with_near_misses(client):
    """The error is a LookupError and a ValueError, and tells what there is."""
    client.publisher.publish({"n": 1}, "settings")

    with pytest.raises(NotFoundError, match="settings") as caught:
        client.get("setings")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(NotFoundError, match="v7"):
        client.get("settings:v7")


def test_an_op_and_an_object_of_one_name(client):
    """Each has its own latest version."""
    client.publisher.publish(add, "both")
    client.publisher.publish({"n": 1}, "both")
    client.publisher.publish(add, "both")

    assert client.get("both") == {"n": 1}
    assert isinstance(client.get("op:both"), StoredOp)


# --- deleting ---


def test_deleting_an_op_by_alias_leaves_the_object_of_its_name(client):
    """Each has its own versions; ``delete_op_version`` takes ops only."""
    publish = client.publisher.publish
    for name in ("one", "two", "three"):
        publish(add, name)
        publish({"a": 1}, name)

    client.delete_op_version(parse_location("op:one", client))
    client.delete_op_version(parse_location("two:v0", client))
    parse_location("op:three:latest", client).delete()

    for name in ("one", "two", "three"):
        assert client.get(parse_location(name, client)) == {"a": 1}
        with pytest.raises(ObjectDeletedError):
            client.get(parse_location(f"op:{name}", client))
    with pytest.raises(NotFoundError, match="is an object"):
        client.delete_op_version(publish({"a": 2}, "one"))


def test_a_deleted_version_says_so(client):
    """The others can still be read."""
    first = client.publisher.publish({"n": 1}, "cfg")
    second = client.publisher.publish({"n": 2}, "cfg")

    second.delete()

    with pytest.raises(ObjectDeletedError, match="cfg"):
        second.get()
    assert client.get("cfg") == {"n": 1}
    client.delete_object_version(first)
    with pytest.raises(ObjectDeletedError):
        client.get("cfg")
    with pytest.raises(NotFoundError):
        client.delete_object_version(ObjectRef("ent", "proj", "nothing", "v0"))
    with pytest.raises(InvalidRefError, match="path"):
        client.delete_object_version(first.with_key("n"))


def test_a_deleted_object_inside_another(client, caplog):
    """A DeletedRef stands in its place, with a warning."""
    inner = Inner(x=5)
    ref = client.publisher.publish({"list": [inner]}, "outer")
    client.delete_object_version(inner.ref)

    with caplog.at_level(logging.WARNING):
        found = client.get(ref)

    assert found == {"list": [DeletedRef(inner.ref, None)]}
    deleted = found["list"][0]
    assert deleted.deleted_at.tzinfo is dt.UTC
    assert {deleted: 1}[DeletedRef(inner.ref, None)] == 1
    assert repr(deleted) == f"DeletedRef('{inner.ref.uri()}')"
    assert "was deleted" in caplog.text


def test_what_was_deleted_is_stored_again_when_it_is_used(client):
    """The client does not believe that it is still there."""
    inner = Inner(x=5)
    ref = client.publisher.publish(inner)
    client.delete_object_version(ref)

    assert client.publisher.save_object(inner) == ref.uri()
    assert client.get(ref) == inner


# --- values ---


def test_paths_are_followed(client):
    """Into dicts, lists, attributes and rows; what is not there is None."""
    ref = client.publisher.publish({"k": {"a/b": [10, {"z": Inner(x=3)}]}}, "deep")
    outer = client.publisher.publish(Outer(inner=Inner(x=8)))

    assert ref.with_key("k").with_key("a/b").with_index(0).get() == 10
    assert ref.with_key("k").with_key("a/b").with_index(1).get() == {"z": Inner(x=3)}
    assert outer.with_attr("inner").with_attr("x").get() == 8
    assert outer.with_attr("inner").get() == Inner(x=8)
    assert ref.with_key("nothing").get() is None
    assert parse_uri(ref.with_key("k").uri()).get() == {"a/b": [10, {"z": Inner(x=3)}]}


def test_refs_inside_values_are_followed(client):
    """Objects, tables and ops inside plain values come back as such; refs of calls stay."""
    call = CallRef("ent", "proj", "123")
    value = {"o": Inner(x=2), "t": Table([{"a": 1}]), "f": add, "c": call, "text": "weave it"}
    ref = client.publisher.publish(value, "mixed")

    found = client.get(ref)

    assert found["o"] == Inner(x=2)
    assert isinstance(found["t"], WeaveTable)
    assert found["t"][0] == {"a": 1}
    assert found["t"][0].ref.uri().startswith(ref.with_key("t").uri() + "/id/")
    assert found["f"] is add
    assert (found["c"], found["text"]) == (call, "weave it")


def test_a_ref_to_nothing_stays_a_ref(client):
    """The user may have stored the text of any ref."""
    missing = ObjectRef("ent", "proj", "missing", DIGEST)
    ref = client.publisher.publish([missing], "refs")

    assert client.get(ref) == [missing]


REF_TEXTS = st.builds(
    "weave:///{}/{}/{}/{}{}".format,
    *[st.text("abc:/ %", max_size=4)] * 2,
    st.sampled_from(["object", "op", "table", "call", "x"]),
    st.text("abc:/ %", max_size=6),
    st.sampled_from(["", ":latest", ":v0", "/key/x", "/index/y", "/attr", ":v1/id/z"]),
)


@given(REF_TEXTS)
def test_any_text_that_looks_like_a_ref_can_be_read_back(text):
    """It stays a ref or a text; it never makes the value around it unreadable."""
    with memory_client() as client:
        ref = client.publisher.publish({"t": text, "l": [text]}, "texts")

        found = client.get(ref)

    assert list(found) == ["t", "l"]
    assert str(found["t"]) == text or isinstance(found["t"], ObjectRef | CallRef | WeaveTable)


def test_a_loop_of_latest_refs_ends(client):
    """Two objects whose stored refs name each other's latest version can be read."""
    client.publisher.publish({"b": ObjectRef("ent", "proj", "b", "latest")}, "a")
    client.publisher.publish({"a": ObjectRef("ent", "proj", "a", "latest")}, "b")

    found = client.get("a")

    assert list(found) == ["b"]
    assert "a" in found["b"]


def test_instances_inside_values_come_back_as_their_class(client):
    """Dataclasses and pydantic models, nested in each other."""
    point = Point(1, [2])
    point.norm = 9
    value = [Plain(a=1, point=point), {"p": point}]

    found = client.get(client.publisher.publish(value, "inline"))

    assert found == value
    assert (type(found[0]), type(found[0].point), found[1]["p"].norm) == (Plain, Point, 9)


class Numbers(pydantic.RootModel[list[int]]):
    pass


def test_root_models_come_back(client, caplog):
    """As instances of their class, without a warning."""
    ref = client.publisher.publish([Numbers([1, 2])], "models")

    assert client.get(ref) == [Numbers([1, 2])]
    assert caplog.records == []


def test_models_of_pydantic_1_come_back(client, caplog):
    """As instances of their class, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        v1 = pytest.importorskip("pydantic.v1")

    class Old(v1.BaseModel):
        a: int = 1
        b: int = v1.Field(2, alias="Bee")

    ref = client.publisher.publish([Old(a=2, Bee=3)], "models")
    found = client.get(ref)

    assert found == [Old(a=2, Bee=3)]
    assert type(found[0]) is Old
    assert caplog.records == []


def test_a_published_table_comes_back_as_a_table(client):
    """Its rows have refs below the object's."""
    ref = client.publisher.publish(Table([{"a": 1}, {"a": 2}]), "tab")

    found = client.get(ref)

    assert found == [{"a": 1}, {"a": 2}]
    assert found[1].ref == ref.with_item(found[1].ref.extra[-1])
    assert found.ref == ref
    assert isinstance(found.table_ref, TableRef)


# --- classes that are not there ---


def test_an_object_of_an_unknown_class_is_a_record(client):
    """Fields are attributes, nested objects are fetched, ops do not run."""

    class Lost(Outer):
        pass

    ref = client.publisher.publish(Lost(name="m", inner=Inner(x=4), things={"k": [1]}))
    client.publisher.forget(ref.name)
    lose(Lost)

    found = client.get(ref)

    assert isinstance(found, WeaveObject)
    assert (found.name, found.things, found.ref) == ("m", {"k": [1]}, ref)
    assert found.inner == Inner(x=4)
    assert found.inner is found.inner
    with pytest.raises(AttributeError, match="no field 'nothing'; it has name"):
        found.nothing
    assert unwrap(found) == {
        "name": "m",
        "description": None,
        "inner": Inner(x=4),
        "things": {"k": [1]},
    }
    assert "inner" in dir(found)
    assert found == client.get(ref, objectify=False)
    assert found != client.get(client.publisher.publish(Inner()), objectify=False)
    assert pickle.loads(pickle.dumps(found)) == found


class Shelf(Object):
    parts: list[object] = []
    tables: dict[str, object] = {}


def test_what_lists_and_dicts_of_a_record_point_to_is_fetched(client):
    """Objects when their field is first read, tables as tables; changes of the lists count."""
    shelf = Shelf(name="s", parts=[Inner(x=1), {"k": Inner(x=2)}], tables={"t": Table([{"a": 1}])})
    ref = client.publisher.publish(shelf)

    found = client.get(ref, objectify=False)
    parts, table = found.parts, found.tables["t"]

    assert [type(part) for part in (parts[0], parts[1]["k"], table)] == [
        SavedObject,
        SavedObject,
        WeaveTable,
    ]
    assert (parts[0].x, parts[1]["k"].x, list(table)) == (1, 2, [{"a": 1}])
    assert table.ref == ref.with_attr("tables").with_key("t")
    assert found.parts is parts
    assert found == client.get(ref, objectify=False)
    assert client.publisher.publish(found) == ref
    parts[0].x = 5
    parts.append("new")
    assert unwrap(client.get(client.publisher.publish(found), objectify=False))["parts"] == [
        {"name": None, "description": None, "x": 5},
        {"k": {"name": None, "description": None, "x": 2}},
        "new",
    ]
    assert found != client.get(ref, objectify=False)


def test_a_value_with_a_deleted_part_is_stored_again_as_it_was(client):
    """The ref of the deleted object stays in it."""
    inner = Inner(x=5)
    ref = client.publisher.publish({"list": [inner]}, "outer")
    shelf = client.publisher.publish(Shelf(name="s", parts=[inner]))
    client.delete_object_version(inner.ref)

    found, record = client.get(ref), client.get(shelf, objectify=False)

    assert record.parts == [DeletedRef(inner.ref, None)]
    assert client.publisher.publish(found, "outer") == ref
    record.description = "again"
    again = client.get(client.publisher.publish(record), objectify=False)
    assert (again.description, again.parts) == ("again", [DeletedRef(inner.ref, None)])


def test_a_records_op_says_that_it_does_not_run(client):
    """Unless the op is in this process, or running stored code was allowed."""
    ref = client.publisher.publish(Outer(inner=Inner(x=4)))
    record = client.get(ref, objectify=False)
    assert record.predict("q") == "q 4"

    client.publisher._ops.clear()
    record = client.get(ref, objectify=False)

    assert isinstance(record.predict, StoredOp)
    with pytest.raises(NotSupportedError, match="allow_stored_code=True"):
        record.predict("q")


def test_a_changed_record_is_stored_as_a_new_version(client):
    """Under its own name and class; unchanged it is what it was."""
    ref = client.publisher.publish(Outer(inner=Inner(x=4), things={"k": [1]}), "m")
    record = client.get(ref, objectify=False)
    save = client.publisher.save_object

    assert record.inner.x == 4
    assert save(record) == ref.uri()
    record.things["k"].append(2)
    second = client.publisher.publish(record)
    record.description = "d"
    assert record.ref is None
    third = client.publisher.publish(record)

    assert len({ref, second, third}) == 3
    assert {second.name, third.name} == {"m"}
    found = client.get(third)
    assert (type(found), found.things, found.description) == (Outer, {"k": [1, 2]}, "d")
    del record.things
    with pytest.raises(AttributeError):
        del record.things
    assert record != "text"


def test_a_record_without_name_or_ref_goes_under_its_class(client):
    """A record that was made by hand is stored like an instance of its class."""
    record = client.get(client.publisher.publish(Inner(x=1), "named"), objectify=False)
    copy = pickle.loads(pickle.dumps(record))
    copy.x = 2

    ref = client.publisher.publish(copy)

    assert ref.name == "Inner"
    assert (type(client.get(ref)).__name__, client.get(ref).x) == ("Inner", 2)


def test_a_record_inside_a_value_is_stored_as_it_was(client):
    """An inline record of an unknown class goes back as the same JSON."""

    @dataclasses.dataclass
    class Gone:
        x: int

    ref = client.publisher.publish({"g": Gone(3)}, "holds")
    stored = client.server.obj_read(_read(ref)).obj.val
    lose(Gone)

    found = client.get(ref)

    assert isinstance(found["g"], WeaveObject)
    assert found["g"].x == 3
    again = client.publisher.publish(found, "holds")
    assert client.server.obj_read(_read(again)).obj.val == stored
    assert again == ref


def _read(ref):
    from weave_lite.trace_server import trace_server_interface as tsi

    return tsi.ObjReadReq(project_id=ref.project_id, object_id=ref.name, digest=ref.digest)


# --- ops ---


def test_a_stored_op_is_name_ref_and_source(client):
    """The live op is given where there is one; otherwise nothing that runs."""
    ref = client.publisher.publish(add)

    live = client.get(ref)
    assert live is add
    assert "a + b" in live.get_captured_code()

    client.publisher._ops.clear()
    stored = client.get(ref)
    assert (type(stored), stored.name, stored.ref) == (StoredOp, "add", ref)
    assert "def add" in stored.get_captured_code()
    assert stored == client.get("op:add")
    assert pickle.loads(pickle.dumps(stored)).get_captured_code() == stored.get_captured_code()
    with pytest.raises(NotSupportedError, match="add"):
        stored(1, 2)


def test_a_stored_op_given_to_an_op_is_recorded_by_its_ref(client):
    """It is stored on its own, as every op."""
    ref = client.publisher.publish(add)
    client.publisher._ops.clear()
    stored = client.get(ref)

    assert client.publisher.publish({"f": stored}, "x") == client.publisher.publish({"f": ref}, "x")
    assert client.publisher.publish(stored) == ref


def test_stored_code_runs_only_when_allowed(client):
    """With the flag the op can be called, and its calls go under the stored version."""
    ref = client.publisher.publish(add)
    client.publisher._ops.clear()
    loaded = ref.get(allow_stored_code=True)

    assert is_op(loaded)
    assert loaded is not add
    assert loaded(1, 2) == 3
    assert loaded.ref == ref


def test_a_stored_op_finds_its_calls(client):
    """Those of exactly its version; it can be compared, hashed and shown."""
    add(1, 2)
    client.publisher._ops.clear()
    stored = client.get("op:add")

    assert [call.output for call in stored.calls()] == [3]
    assert {stored: 1}[client.get("op:add")] == 1
    assert repr(stored) == f"StoredOp('{stored.ref.uri()}')"


def test_a_records_op_runs_when_stored_code_is_allowed(client):
    """It is bound to the record, and its call is recorded with the record's ref."""
    ref = client.publisher.publish(Outer(inner=Inner(x=4)))
    client.publisher._ops.clear()
    record = client.get(ref, objectify=False, allow_stored_code=True)

    assert record.predict("q") == "q 4"
    assert next(iter(client.get_calls())).inputs == {"self": ref, "q": "q"}


# --- the registry of classes ---


def test_the_newest_class_of_a_name_wins():
    """One with the same bases goes first; a dead class is forgotten."""

    def make(base):
        return type("Twice", (base,), {"__annotations__": {}})

    first = make(Object)
    second = make(Model)

    assert list(find_classes("Twice", ["Object", "BaseModel"])) == [first, second]
    assert list(find_classes("Twice", ["Model", "Object", "BaseModel"])) == [second, first]
    assert list(find_classes("Twice", ["Unknown"])) == [second, first]
    assert list(find_classes("Nobody", [])) == []


def test_two_classes_of_one_name(client):
    """What this process stored comes back as the class it was; else the newest that takes it."""

    def make(**fields):
        return pydantic.create_model("Settings", __base__=Object, **fields)

    numbers, texts, newest = make(x=(int, 1)), make(x=(str, "a")), make(y=(int, 0))
    first = client.publisher.publish(numbers(x=1))
    second = client.publisher.publish(texts(x="b"))

    assert type(client.get(first)) is numbers
    assert type(client.get(second)) is texts
    client.publisher.forget("Settings")
    assert type(client.get(first)) is numbers
    assert type(client.get(second)) is texts
    assert newest is not None


def test_an_instance_of_a_class_that_was_made_again(client):
    """A notebook cell that is run twice: fields take instances of the first run."""

    def make():
        class Cell(Object):
            x: int

        return Cell

    old, new = make(), make()
    ref = client.publisher.publish(old(x=1))

    class HoldsCell(Object):
        cell: new

    assert type(HoldsCell(cell=ref).cell) is new
    assert type(HoldsCell(cell=old(x=3)).cell) is new
    with pytest.raises(pydantic.ValidationError):
        HoldsCell(cell=Inner())


def test_register_object_takes_a_second_class_with_a_warning(caplog):
    """Notebooks run their cells again."""

    def make():
        @register_object
        class Registered(Object):
            @classmethod
            def from_obj(cls, obj):
                return cls(name="made")

        return Registered

    first = make()
    with caplog.at_level(logging.WARNING):
        second = make()

    assert first is not second
    assert "Registered" in caplog.text
    assert next(find_classes("Registered", ["Object", "BaseModel"])) is second
    with memory_client() as client:
        assert client.get(client.publisher.publish(second(name="x"))).name == "made"
    with pytest.raises(TypeError, match="from_obj"):
        register_object(int)


def test_ref_of(client):
    """What can carry a ref tells it; the rest has none."""
    ref = client.publisher.publish(Inner(x=1))
    table = client.get(client.publisher.publish(Table([{"a": 1}]), "t"))

    assert ref_of(client.get(ref)) == ref
    assert ref_of(client.get(ref, objectify=False)) == ref
    assert ref_of(table) == table.ref
    assert ref_of(table[0]) == table[0].ref
    assert [ref_of(value) for value in ({}, [], "x", 1, None, Inner())] == [None] * 6
