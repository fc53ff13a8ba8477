"""Objects: create, read, query, delete, and the meaning of their versions."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path

import pytest

from weave_lite.core import digest as digests
from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import (
    DigestMismatchError,
    InsertTooLarge,
    InvalidRequest,
    NotFoundError,
    ObjectDeletedError,
)
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import content

PROJECT = "acme/demo"
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "digests.json").read_text())
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
OP = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "d"}}


@pytest.fixture
def seconds():
    """A clock that steps by one second at each reading: 1, 2, 3 ..."""
    ticks = itertools.count(1)
    with replaced_clock(lambda: next(ticks) * 1_000_000):
        yield


def create(server, val, name="o", project=PROJECT, **fields):
    obj = tsi.ObjSchemaForInsert(project_id=project, object_id=name, val=val, **fields)
    return server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


def read(server, version, name="o", project=PROJECT, **fields):
    req = tsi.ObjReadReq(project_id=project, object_id=name, digest=version, **fields)
    return server.obj_read(req).obj


def delete(server, digests=None, name="o", project=PROJECT):
    req = tsi.ObjDeleteReq(project_id=project, object_id=name, digests=digests)
    return server.obj_delete(req).num_deleted


def query(server, project=PROJECT, **fields):
    return server.objs_query(tsi.ObjQueryReq(project_id=project, **fields)).objs


@pytest.mark.in_process("over HTTP the key says who writes")
def test_read_gives_all_fields(server, seconds):
    """A version is read back with its value, classes, time and user."""
    val = {"_class_name": "Mine", "_bases": ["Model", "Object", "BaseModel"], "x": [1, None]}
    digest = create(server, val, wb_user_id="ann")
    assert read(server, digest).model_dump() == {
        "project_id": PROJECT,
        "object_id": "o",
        "created_at": EPOCH + dt.timedelta(seconds=1),
        "deleted_at": None,
        "digest": digests.digest_json(val),
        "version_index": 0,
        "is_latest": 1,
        "kind": "object",
        "base_object_class": "Model",
        "leaf_object_class": "Mine",
        "val": val,
        "wb_user_id": "ann",
        "size_bytes": None,
    }


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] in {"object", "op"}], ids=lambda c: c["note"]
)
def test_vector_digests(server, case):
    """Objects and ops have the digests of the reference, and read back as they were sent."""
    val = case["input"]
    assert create(server, val) == case["digest"]
    stored = read(server, case["digest"])
    assert (stored.val, stored.kind) == (val, case["kind"])
    assert json.dumps(stored.val) == json.dumps(val)


@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS if case["kind"] == "builtin_object"],
    ids=lambda c: f"{c['builtin_object_class']}-{c['input']['name']}",
)
def test_vector_digests_of_expanded_builtin_objects(server, case):
    """An expanded value of a built-in class is stored as it is, with its class."""
    name = case["builtin_object_class"]
    assert create(server, case["stored"], builtin_object_class=name) == case["digest"]
    stored = read(server, "latest")
    assert (stored.val, stored.base_object_class) == (case["stored"], name)


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if "digest_sorted_keys" in case and case["kind"] == "object"]
)
def test_expected_digest_of_newer_clients(server, case):
    """The digest by sorted keys is taken as the version's digest."""
    digest = create(server, case["input"], expected_digest=case["digest_sorted_keys"])
    assert digest == case["digest_sorted_keys"]
    assert read(server, digest).val == case["input"]


def test_expected_digest_mismatch(server):
    """Another expected digest is refused, and nothing is stored."""
    with pytest.raises(DigestMismatchError) as caught:
        create(server, {"a": 1}, expected_digest="nope")
    assert (caught.value.expected, caught.value.actual) == ("nope", digests.digest_json({"a": 1}))
    assert query(server) == []


def test_create_answers_name(server):
    """The answer has the object's name."""
    obj = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id="o", val=1)
    assert server.obj_create(tsi.ObjCreateReq(obj=obj)).object_id == "o"


def test_not_a_number_is_stored_and_hashed_as_null(server):
    """NaN and infinities become null before the digest is taken, so reading back is stable."""
    digest = create(server, {"a": float("nan"), "b": [float("-inf")]})
    assert read(server, digest).val == {"a": None, "b": [None]}
    assert digest == digests.digest_json({"a": None, "b": [None]})


def test_odd_values_read_back_under_their_digest(server):
    """What is read back and stored again has the digest it had."""
    for val in ["\ud800", {1: "a", None: "b"}, (1, 2), 2**80, {"k": 1e300}]:
        digest = create(server, val)
        assert create(server, read(server, digest).val) == digest


@pytest.mark.parametrize("val", [object(), {"a": {1, 2}}, {"a": b"x"}])
def test_value_that_is_not_json(server, val):
    """A value that is not JSON is refused by name."""
    with pytest.raises(InvalidRequest, match=r"obj\.val must be JSON"):
        create(server, val)


def test_value_that_is_too_deep(server):
    """A value nested beyond reason is refused, not a crash."""
    val = []
    for _ in range(100_000):
        val = [val]
    with pytest.raises(InvalidRequest, match=r"obj\.val must be JSON"):
        create(server, val)


def test_value_with_internal_refs(server):
    """The hosted service's internal refs are refused, but text may speak of them."""
    with pytest.raises(InvalidRequest, match="internal form"):
        create(server, {"r": ["weave-trace-internal:///UHJv/object/o:d"]})
    text = {"r": 'see ,"weave-trace-internal:///x', "s": "not weave-trace-internal:"}
    assert read(server, create(server, text)).val == text


def test_value_that_is_too_large(server, monkeypatch):
    """A value beyond the row limit is refused with its size."""
    monkeypatch.setattr(content, "MAX_CONTENT_BYTES", 1000)
    monkeypatch.setattr(content, "_SURELY_SMALL", 250)
    with pytest.raises(InsertTooLarge, match=r"obj\.val has 1,002 bytes"):
        create(server, "é" * 500)
    assert read(server, create(server, "x" * 998)).val == "x" * 998


# --- classes ---


def test_builtin_class_must_be_the_leaf_class(server):
    """The class that is given must be the value's own."""
    val = {"_class_name": "Mine", "_bases": ["Object", "BaseModel"]}
    create(server, val, builtin_object_class="Mine")
    create(server, val, set_base_object_class="Mine")
    with pytest.raises(InvalidRequest, match="builtin_object_class 'Other'"):
        create(server, val, builtin_object_class="Other")


# --- versions ---


def test_publishing_again_makes_latest_but_keeps_the_index(server, seconds):
    """After A, B, A the latest is A, with the index and time it had."""
    a, b = create(server, "a"), create(server, "b")
    assert create(server, "a") == a
    latest = read(server, "latest")
    assert (latest.digest, latest.version_index, latest.is_latest) == (a, 0, 1)
    assert latest.created_at == EPOCH + dt.timedelta(seconds=1)
    assert (read(server, b).version_index, read(server, b).is_latest) == (1, 0)
    create(server, "c")
    assert [read(server, f"v{index}").val for index in range(3)] == ["a", "b", "c"]


def test_deleted_version_raises_with_its_time(server, seconds):
    """Digest and vN of a deleted version raise; the others stay, the newest live one is latest."""
    a, b = create(server, "a"), create(server, "b")
    assert delete(server, ["latest"]) == 1
    for version in (b, "v1"):
        with pytest.raises(ObjectDeletedError, match="was deleted") as caught:
            read(server, version)
        assert caught.value.deleted_at == EPOCH + dt.timedelta(seconds=3)
    assert (read(server, "latest").digest, read(server, "latest").is_latest) == (a, 1)


def test_latest_when_all_are_deleted(server, seconds):
    """Then ``latest`` raises the deleted error too."""
    create(server, "a")
    create(server, "b")
    assert delete(server) == 2
    with pytest.raises(ObjectDeletedError):
        read(server, "latest")
    assert query(server) == []


def test_publishing_what_was_deleted(server, seconds):
    """It comes back as a new version: next index, latest, now."""
    a = create(server, "a")
    create(server, "b")
    delete(server, [a])
    create(server, "a")
    stored = read(server, a)
    assert (stored.version_index, stored.is_latest, stored.deleted_at) == (2, 1, None)
    assert stored.created_at == EPOCH + dt.timedelta(seconds=4)
    with pytest.raises(NotFoundError, match="no version 'v0'"):
        read(server, "v0")
    assert create(server, "c") and read(server, "latest").version_index == 3


def test_op_and_object_of_one_name_are_separate(server):
    """Each kind counts its own versions and has its own latest."""
    create(server, "a")
    op = create(server, OP)
    create(server, "b")
    assert sorted((obj.kind, obj.version_index, obj.is_latest) for obj in query(server)) == [
        ("object", 0, 0),
        ("object", 1, 1),
        ("op", 0, 1),
    ]
    assert read(server, "latest").val == "b"
    assert read(server, op).kind == "op"
    assert delete(server, ["v0", "v1"]) == 2
    assert read(server, "latest").kind == "op"


def test_projects_are_apart(server):
    """No project sees another's objects."""
    digest = create(server, "a", project="acme/one")
    assert query(server, "acme/two") == []
    create(server, "b", project="acme/two")
    with pytest.raises(NotFoundError):
        read(server, digest, project="acme/two")
    with pytest.raises(NotFoundError):
        delete(server, [digest], project="acme/two")
    assert read(server, "latest", project="acme/one").val == "a"


# --- reading ---


def test_metadata_only(server):
    """The value is left out, everything else is there."""
    digest = create(server, {"a": 1})
    whole, metadata = read(server, digest), read(server, digest, metadata_only=True)
    assert metadata.val == {}
    assert metadata.model_dump() == {**whole.model_dump(), "val": {}}


def test_missing_object_names_what_is_near(server):
    """The error names objects of a similar name, and the newest versions of a known one."""
    digest = create(server, "a", name="settings")
    with pytest.raises(NotFoundError, match="did you mean 'settings'"):
        read(server, "latest", name="setings")
    with pytest.raises(NotFoundError, match=f"no version 'v7'; the newest are v0 = {digest}"):
        read(server, "v7", name="settings")
    with pytest.raises(NotFoundError, match="nothing was stored"):
        read(server, "latest", project="acme/empty")


@pytest.mark.parametrize(
    "version", ["*", "v", "v-1", "v1.0", "v" + "9" * 30, "V0", "", "' OR 1=1 --", "%", "v٠"]
)
def test_odd_versions_are_not_found(server, version):
    """A version that is none is not found, whatever its text."""
    create(server, "a")
    with pytest.raises(NotFoundError):
        read(server, version)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "x" * 129, "a'b", "a\n"])
def test_odd_names_are_refused(server, name):
    """A name that is none is refused, naming the field."""
    with pytest.raises(InvalidRequest, match=r"obj\.object_id"):
        create(server, 1, name=name)


# --- deleting ---


def test_delete_is_all_or_none(server):
    """An unknown digest, two names of one version, or none at all: nothing is deleted."""
    a, b = create(server, "a"), create(server, "b")
    for named in ([a, "unknown"], [b, "latest"], [a, "v0"], [a, "v9"], []):
        with pytest.raises(NotFoundError):
            delete(server, named)
    assert len(query(server)) == 2
    assert delete(server, [a, a, "latest"]) == 2


def test_delete_what_is_deleted(server):
    """A deleted version is not found by a second deletion."""
    a = create(server, "a")
    assert delete(server, [a]) == 1
    with pytest.raises(NotFoundError):
        delete(server, [a])
    with pytest.raises(NotFoundError):
        delete(server)


def test_delete_limit(server):
    """More than a hundred digests are refused."""
    with pytest.raises(InvalidRequest, match="digests has 101 entries"):
        delete(server, [f"v{index}" for index in range(101)])


def test_hundreds_of_versions(server):
    """Indexes go on counting, whatever was published before."""
    for number in range(150):
        create(server, number)
    assert read(server, "v149").val == 149
    assert delete(server, [f"v{index}" for index in range(100)]) == 100
    assert [obj.version_index for obj in query(server)] == list(range(100, 150))


def test_deleting_what_was_deleted_says_so(server):
    """The name is not unknown: its versions were deleted before."""
    digest = create(server, {"a": 1})
    delete(server)
    for versions in (None, [digest], ["latest"], ["v0"]):
        with pytest.raises(NotFoundError, match=r"'o' .* has no version left: all were deleted"):
            delete(server, versions)
