"""Tests of storing: names, versions, what counts as a change, ops, tables, and round trips."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import gc
import json
import pathlib
import pickle
import subprocess
import sys
import textwrap
import types
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty import NASTY

from weave_lite.core.digest import digest_bytes, digest_json, digest_rows
from weave_lite.core.errors import InvalidNameError
from weave_lite.core.refs import ObjectRef, OpRef, TableRef
from weave_lite.flow.dataset import Dataset
from weave_lite.flow.model import Model
from weave_lite.flow.obj import Object
from weave_lite.testing import memory_client
from weave_lite.trace.client_context import set_client
from weave_lite.trace.fingerprint import Fingerprints
from weave_lite.trace.op import op
from weave_lite.trace.table import Table
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedFile, EncodedObject, EncodedTable

VECTORS = json.loads(
    (pathlib.Path(__file__).parents[1] / "data" / "serialization.json").read_text()
)
# Classes of later issues.
NOT_YET = ("Prompt", "AnnotationSpec", "Markdown", "Image", "Scorer")


@pytest.fixture
def client():
    """The active client of an empty store in memory."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        yield client


@pytest.fixture
def sent(client, monkeypatch):
    """The records that the client sends from now on."""
    records = []
    put = client.recorder.put
    monkeypatch.setattr(
        client.recorder, "put", lambda record, size: (records.append(record), put(record, size))
    )
    return records


class Inner(Object):
    x: int = 1


class Pair(NamedTuple):
    left: int
    right: str


class Bot(Model):
    prompt: str = "p"
    tags: list[str] = []
    inner: Inner | None = None
    config: dict[str, Any] = {}

    @op
    def predict(self, q: str) -> str:
        return q


@op
def shout(text: str) -> str:
    return text.upper()


def read(client, ref):
    req = tsi.ObjReadReq(project_id=ref.project_id, object_id=ref.name, digest=ref.digest)
    return client.server.obj_read(req).obj


# --- names ---


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ({"a": 1}, None, "dict"),
        ([1], None, "list"),
        ("text", None, "str"),
        (Inner(), None, "Inner"),
        (Inner(name="my inner"), None, "my-inner"),
        (Inner(name="my inner"), "other", "other"),
        ({"a": 1}, "my list!!  x", "my-list-x"),
        ({"a": 1}, "a/b:c", "a-b-c"),
        (Table([{"a": 1}]), None, "Table"),
        (Dataset(name="a..b__c--d", rows=[{"a": 1}]), None, "a-b-c-d"),
        (shout, None, "shout"),
        (shout, "loud op", "loud-op"),
        (Bot.predict, None, "Bot.predict"),
        (Bot().predict, None, "Bot.predict"),
    ],
)
def test_names(client, value, name, expected):
    """The given name, else the value's own, else its class's; cleaned."""
    ref = client.publisher.publish(value, name)

    assert ref.name == expected
    assert client.get(ref) is not None


@pytest.mark.parametrize("name", ["!!!", "--", "   "])
def test_a_name_of_which_nothing_is_left(client, name):
    """The error is a ValueError that shows the name."""
    with pytest.raises(InvalidNameError, match="Invalid object name"):
        client.publisher.publish({"a": 1}, name)


def test_a_name_is_a_text(client):
    """Anything else is refused by name."""
    with pytest.raises(InvalidNameError, match="name must be a text, not int"):
        client.publisher.publish({"a": 1}, 5)


def test_a_name_that_cannot_be_read(client):
    """A property that raises is no name; the class gives one."""

    class Secretive:
        @property
        def name(self):
            raise ValueError("no name")

    assert client.publisher.publish(Secretive()).name == "Secretive"


def test_an_instance_stays_under_the_name_it_was_given(client):
    """A later version of it, made by a call, goes under that name, until it gets one itself."""
    bot = Bot()
    client.publisher.publish(bot, "my-bot")

    bot.prompt = "other"
    bot.predict("q")
    assert bot.ref.name == "my-bot"
    bot.name = "renamed"
    bot.predict("q")
    assert bot.ref.name == "renamed"


# --- what is stored ---


@pytest.fixture(scope="module")
def vector_names():
    """The classes that the vectors name, in a module of their own."""
    module = types.ModuleType("vectors")
    module.weave = types.SimpleNamespace(Object=Object, Dataset=Dataset, Table=Table)
    sys.modules["vectors"] = module
    exec(VECTORS["imports_and_definitions"], vars(module))
    yield vars(module)
    del sys.modules["vectors"]


@pytest.mark.parametrize(
    "row",
    [row for row in VECTORS["published"] if not any(word in row["expr"] for word in NOT_YET)],
    ids=lambda row: row["expr"],
)
def test_published_vectors(client, vector_names, row):
    """Name, kind, class, value and digest are those of the reference."""
    value = eval(row["expr"], vector_names)

    ref = client.publisher.publish(value, row["name_argument"])

    found = read(client, ref)
    assert found.object_id == row["object_id"]
    assert found.kind == row["kind"]
    assert found.base_object_class == row["base_object_class"]
    assert json.dumps(found.val) == json.dumps(row.get("ours", row["val"]))
    assert ref.digest == (row.get("ours_digest") or row["digest"])


def test_an_op_is_a_record_with_its_source(client, sent):
    """The file has the code; the version changes with the code only."""
    ref = client.publisher.publish(shout)

    file, record = sent
    assert isinstance(file, EncodedFile)
    assert file.name == "obj.py"
    assert file.digest == digest_bytes(file.content)
    assert b"text.upper()" in file.content
    expected = {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "Op"},
        "files": {"obj.py": file.digest},
    }
    assert read(client, ref).val == expected
    assert (record.kind, ref.digest, shout.ref) == ("op", digest_json(expected), ref)
    assert isinstance(ref, OpRef)


def test_a_table_is_stored_row_by_row(client, sent):
    """Row digests are those of the rows, the table's is made of them; rows are stored once."""
    rows = [
        {"q": "a", "t": "aa"},
        {"q": "é", "n": 1.0},
        {"q": "a", "t": "aa"},
        {"deep": [{"x": None}]},
    ]
    table = Table(rows)

    client.publisher.publish(table, "tab")
    client.publisher.publish(table, "tab")

    tables = [record for record in sent if isinstance(record, EncodedTable)]
    assert len(tables) == 1
    digests = [digest_json(row) for row in rows]
    assert list(tables[0].row_digests) == digests
    assert [json.loads(text) for text in tables[0].rows_json] == rows
    assert table.ref == TableRef("ent", "proj", digest_rows(digests))


def test_op_fields_of_a_record_are_in_alphabetical_order(client):
    """After the fields, before the class."""

    class Two(Object):
        x: int = 1

        @op
        def b(self):
            return 1

        @op
        def a(self):
            return 2

    val = read(client, client.publisher.publish(Two())).val

    assert list(val) == [
        "_type",
        "name",
        "description",
        "ref",
        "x",
        "a",
        "b",
        "_class_name",
        "_bases",
    ]
    assert (val["ref"], val["a"]) == (None, Two.a.ref.uri())


# --- versions ---


def test_the_same_content_makes_no_version(client):
    """Same digest, one version; the value gets the ref."""
    first = client.publisher.publish(Inner(x=1), "i")
    again = Inner(x=1)
    second = client.publisher.publish(again, "i")

    assert first == second == again.ref
    assert read(client, second).version_index == 0


def test_publishing_sends_a_record_each_time_and_calls_do_not(client, sent):
    """``publish`` makes a version the latest again; using it in a call must not."""
    old, new = Bot(prompt="old"), Bot(prompt="new")
    client.publisher.publish(old)
    client.publisher.publish(new)
    sent.clear()

    old.predict("q")
    assert [record for record in sent if isinstance(record, EncodedObject)] == []
    assert client.get("Bot").prompt == "new"
    client.publisher.publish(old)
    assert client.get("Bot").prompt == "old"


def test_using_a_fetched_old_version_does_not_make_it_the_latest(client):
    """Nor do copies of it, also in a process that knows nothing of it."""
    client.publisher.publish(Bot(prompt="old"))
    client.publisher.publish(Bot(prompt="new"))
    fetched = client.get("Bot:v0")
    pickled = pickle.dumps(fetched)

    fetched.predict("q")
    fetched.model_copy().predict("q")
    other = WeaveClient("ent", "proj", client.server)
    set_client(None)
    set_client(other)
    pickle.loads(pickled).predict("q")
    other.flush()
    other.recorder.close()

    assert client.get("Bot").prompt == "new"
    assert fetched.ref.digest == client.get("Bot:v0").ref.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda bot: setattr(bot, "prompt", "other"),
        lambda bot: bot.tags.append("b"),
        lambda bot: bot.config.update(k=1),
        lambda bot: bot.config["deep"].append({"x": 1}),
        lambda bot: setattr(bot.inner, "x", 2),
        lambda bot: setattr(bot, "inner", None),
        lambda bot: bot.config.__setitem__("when", dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        lambda bot: bot.config.__setitem__("bytes", b"12"),
        lambda bot: bot.config.__setitem__("obj", Inner(x=8)),
    ],
)
def test_every_change_is_a_new_version(client, change):
    """By attribute or in place, at any depth; the old version can still be read."""
    bot = Bot(tags=["a"], inner=Inner(x=1), config={"deep": []})
    before = client.publisher.save_object(bot)
    assert client.publisher.save_object(bot) == before

    change(bot)
    after = client.publisher.save_object(bot)

    assert after != before
    assert client.publisher.save_object(bot) == after == bot.ref.uri()
    assert client.get(after) == bot
    assert client.get(before) == Bot(tags=["a"], inner=Inner(x=1), config={"deep": []})


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"when": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "day": dt.date(2024, 1, 1)},
        {"obj": Inner(x=8), "list": [Inner(x=9)]},
        {"set": {1, 2}, "bytes": b"x", "tuple": (1, 2), "path": pathlib.PurePosixPath("a/b")},
        {"point": Pair(1, "x"), "count": collections.Counter("aab")},
        {"odd": {1: 2, None: 3}, "big": 2**200, "nan": float("nan"), "text": "\ud800"},
        {"table": Table([{"a": 1}]), "op": shout},
        {"order": collections.OrderedDict(a=1)},
        {"any": object()},
    ],
    ids=lambda config: " ".join(config),
)
def test_what_does_not_change_is_not_stored_again(client, sent, config):
    """Whatever the fields hold: the URI is the same and nothing is sent."""
    bot = Bot.model_construct(name=None, description=None, ref=None, prompt="p", config=config)
    first = client.publisher.save_object(bot)
    sent.clear()

    assert client.publisher.save_object(bot) == first
    assert sent == []


def test_the_users_values_stay_theirs(client):
    """No field is wrapped, replaced or given an attribute."""
    tags, config, point = ["a"], {"k": [1]}, Inner()
    plain = types.SimpleNamespace(x=1)
    bot = Bot.model_construct(
        name=None,
        description=None,
        ref=None,
        prompt="p",
        tags=tags,
        inner=point,
        config=config | {"plain": plain},
    )

    client.publisher.publish(bot)
    client.publisher.publish({"values": [tags, config, plain]}, "values")

    assert bot.tags is tags
    assert (type(tags), type(config), bot.inner is point) == (list, dict, True)
    assert bot.config["plain"] is plain
    assert vars(plain) == {"x": 1}


def test_another_store_gets_its_own_versions(client):
    """After switching the client, nothing refers to what only the first store has."""
    bot = Bot(inner=Inner(x=5))
    client.publisher.publish(bot, "bot")
    fetched = client.get("bot")
    table = client.get(client.publisher.publish(Dataset(name="d", rows=[{"a": 1}]))).rows

    for project in ("ent/proj", "ent/other"):
        with memory_client(project) as other:
            bot.predict("q")
            shout("x")
            ref = other.publisher.publish({"bot": fetched, "table": table}, "both")
            found = other.get(ref)
            assert found["bot"] == bot
            assert list(found["table"]) == [{"a": 1}]
            assert bot.ref.project_id == project
            assert shout.ref.project_id == project
            assert other.get(shout.ref) is shout


def test_what_was_read_from_another_project_is_stored_in_this_one(client):
    """Reading it there does not count as being stored here: objects, records, ops and rows."""
    there = WeaveClient("ent", "there", client.server)
    ref = there.publisher.publish(Bot(inner=Inner(x=8)), "bot")
    code = there.publisher.publish(shout, "cry")
    rows = there.publisher.publish(Dataset(name="d", rows=[{"a": 1}]))
    there.flush()
    bot, record, stored_op = client.get(ref), client.get(ref, objectify=False), client.get(code)
    running_op = client.get(code, allow_stored_code=True)
    row = there.get(rows)[0]

    for value in (bot, Inner(x=8), record, stored_op, running_op):
        saved = client.publisher.publish([value], "holder")
        [found] = client.get(saved, objectify=False)
        assert found.ref.project_id == "ent/proj"
    assert client.get("Inner") == Inner(x=8)
    assert "def shout" in client.get("op:cry").get_captured_code()
    assert read(client, client.publisher.publish({"row": row})).val == {"row": {"a": 1}}
    assert "/attr/rows/id/" in read(there, there.publisher.publish({"row": row})).val["row"]
    there.recorder.close()


# --- nesting ---


def test_nested_objects_are_stored_on_their_own(client):
    """The holder has their refs, in fields, lists and dicts."""
    bot = Bot(inner=Inner(name="in", x=3), config={"list": [Inner(x=4)]})

    ref = client.publisher.publish(bot)

    val = read(client, ref).val
    assert val["inner"] == bot.inner.ref.uri()
    assert val["config"] == {"list": [bot.config["list"][0].ref.uri()]}
    assert client.get("in") == Inner(name="in", x=3)


def test_an_object_that_contains_itself(client):
    """It is stored, with a mark where it comes back."""

    class Node(Object):
        next: Any = None

    first, second = Node(), Node()
    first.next, second.next = second, first

    ref = client.publisher.publish(first)
    found = client.get(ref)

    assert found.next.next == "<cycle: Node>"
    assert client.publisher.save_object(first).startswith("weave:///ent/proj/object/Node:")


GLOBAL_BOT = None


class SelfMade(Model):
    x: int = 1

    @op
    def predict(self, q: int) -> Any:
        return GLOBAL_BOT, q


@pytest.mark.parametrize("is_called_first", [True, False])
def test_an_op_that_uses_an_object_that_has_the_op(client, is_called_first):
    """Neither can be stored before the other, so the op does not name the object."""
    global GLOBAL_BOT
    GLOBAL_BOT = SelfMade()
    if is_called_first:
        GLOBAL_BOT.predict(1)

    ref = client.publisher.publish(GLOBAL_BOT)

    assert read(client, ref).val["predict"] == SelfMade.predict.ref.uri()
    assert client.get(ref) == GLOBAL_BOT


# --- many threads, little memory ---


def test_many_threads_store_one_thing(client):
    """All get the same ref."""
    bot = Bot(inner=Inner(x=2))
    values = [bot] * 40 + [Bot(prompt=str(n)) for n in range(20)] * 2

    with ThreadPoolExecutor(8) as pool:
        uris = list(pool.map(client.publisher.save_object, values))

    assert len(set(uris[:40])) == 1
    assert len(set(uris)) == 21
    assert all(client.get(uri) is not None for uri in set(uris))


def test_instances_are_not_kept_alive(client):
    """What is known of an instance goes with it."""
    for n in range(50):
        client.publisher.save_object(Bot(prompt=str(n)))
    gc.collect()

    assert len(client.publisher._instances._known) == 0


def test_bounded_memory_of_versions(client):
    """Publishing without end keeps a bounded number of texts."""
    for n in range(1500):
        client.publisher.publish({"n": n}, "many")

    assert len(client.publisher._contents) <= 1000
    assert len(client.publisher._records) <= 200
    assert client.get("many:v1499") == {"n": 1499}


# --- fingerprints ---

CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(CONTENTS, CONTENTS)
def test_equal_fingerprints_mean_equal_json(left, right):
    """Different content never has the same fingerprint."""
    prints = Fingerprints(lambda value: None)
    first, second = prints.of({"v": left}), prints.of({"v": right})

    if first == second:
        assert repr(left) == repr(right)
    assert prints.of({"v": left}) == first is not None


# --- round trips ---

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
).filter(lambda value: "weave:///" not in repr(value) and "_type" not in repr(value))


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


class Plain(pydantic.BaseModel):
    a: Any
    when: dt.datetime | None = None


class Wide(Object):
    value: Any
    parts: list[Any] = []


@pytest.fixture(scope="module")
def shared_client():
    """One store for all examples of a law."""
    with memory_client("ent/proj") as client:
        yield client


@given(JSON_VALUES)
def test_json_values_come_back_as_they_were(shared_client, value):
    """publish, then get: the same value, the same types, its own digest."""
    ref = shared_client.publisher.publish(value, "law")

    found = shared_client.get(ref)

    assert (type(found), repr(found)) == (type(value), repr(value))
    assert ref.digest == digest_json(value)


@given(JSON_VALUES, st.datetimes(timezones=st.just(dt.UTC)))
def test_instances_come_back_as_they_were(shared_client, value, when):
    """Objects, dataclasses and pydantic models, inside each other."""
    wide = Wide(value=Point(value, Plain(a=value, when=when)), parts=[Wide(value=value), when])

    ref = shared_client.publisher.publish(wide)
    found = shared_client.get(ref)

    assert found == wide
    assert shared_client.publisher.save_object(found) == ref.uri()


def test_two_processes_read_each_others_objects(tmp_path):
    """One stores a model, a dataset and an op; another reads them back, with and without the class."""
    path = tmp_path / "weave.db"
    (tmp_path / "shared_model.py").write_text(
        textwrap.dedent(
            """
            import weave_lite as weave

            class Scored(weave.Model):
                weight: float
                parts: list[weave.Object] = []

                @weave.op
                def predict(self, x):
                    return x * self.weight
            """
        )
    )
    write = """
        import weave_lite as weave
        from shared_model import Scored
        client = weave.init("ent/two", db=PATH)
        model = Scored(weight=2.0, parts=[weave.Object(name="part")])
        weave.publish(model, "scored")
        model.predict(1)
        weave.publish(weave.Dataset(name="rows", rows=[{"x": n} for n in range(1500)]))
        weave.publish({"n": [1, {"m": None}]}, "plain")
        weave.finish()
    """
    read_with = """
        import weave_lite as weave
        from shared_model import Scored
        weave.init("ent/two", db=PATH)
        model = weave.ref("scored").get()
        assert type(model) is Scored and model.predict(4) == 8.0, model
        assert model.parts[0].name == "part"
        assert [c.inputs["self"] for c in Scored.predict.calls()] == [model.ref] * 2
        assert model.ref == weave.publish(model)
        assert weave.ref("scored:v0").get() == model
    """
    read_without = """
        import weave_lite as weave
        weave.init("ent/two", db=PATH)
        model = weave.ref("scored").get()
        assert model.weight == 2.0 and model.parts[0].name == "part"
        try:
            model.predict(4)
        except NotImplementedError as error:
            assert "stored code is not run" in str(error)
        else:
            raise AssertionError
        rows = weave.ref("rows").get()
        assert len(rows) == 1500 and rows[1234] == {"x": 1234}
        assert weave.ref("plain").get() == {"n": [1, {"m": None}]}
    """
    for program in (write, read_with, read_without):
        code = f"PATH = {str(path)!r}\n" + textwrap.dedent(program)
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            cwd=tmp_path,
            timeout=60,
            env={"WEAVE_LITE_QUIET": "1", "PYTHONPATH": str(tmp_path), "PATH": ""},
        )


def test_a_ref_to_an_object_is_published_as_text(client):
    """A ref inside a value is its URI."""
    ref = ObjectRef("ent", "proj", "x", "y" * 43)

    assert read(client, client.publisher.publish({"r": ref}, "r")).val == {"r": ref.uri()}


# --- nasty values ---


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty.name)
def test_nasty_values_are_published_in_their_stated_form(client, nasty):
    """At the top, in a list, and as a field; they can be read, and unchanged give the same ref."""
    value = nasty.make()
    wide = Wide.model_construct(name=None, description=None, ref=None, value=value, parts=[])

    top = client.publisher.publish(value, "nasty")
    inside = client.publisher.publish([value], "nasty-list")
    field = client.publisher.save_object(wide)

    assert nasty.is_stored_as(read(client, top).val)
    assert nasty.is_stored_as(read(client, inside).val[0])
    found = client.get(field, objectify=False)
    assert found.ref.uri() == field
    assert client.publisher.save_object(wide) == field
    for ref in (top, inside):
        client.get(ref)
