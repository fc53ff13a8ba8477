"""refs_read_batch: the values that refs point to."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import InvalidRefError, InvalidRequest, NotFoundError
from weave_lite.core.ids import new_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import refs as refs_store

PROJECT = "acme/demo"


def create(server, val, name="o", project=PROJECT):
    obj = tsi.ObjSchemaForInsert(project_id=project, object_id=name, val=val)
    digest = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    return f"weave:///{project}/object/{name}:{digest}"


def create_table(server, rows, project=PROJECT):
    table = tsi.TableSchemaForInsert(project_id=project, rows=rows)
    made = server.table_create(tsi.TableCreateReq(table=table))
    return f"weave:///{project}/table/{made.digest}", made.row_digests


def read(server, *uris):
    return server.refs_read_batch(tsi.RefsReadBatchReq(refs=list(uris))).vals


def delete(server, name):
    server.obj_delete(tsi.ObjDeleteReq(project_id=PROJECT, object_id=name))


def test_values_in_order(server):
    """One value per ref, duplicates too; an empty batch is fine."""
    one, two = create(server, {"a": 1}, "one"), create(server, [2], "two")
    assert read(server, two, one, two) == [[2], {"a": 1}, [2]]
    assert read(server) == []


def test_values_are_not_shared(server):
    """Changing one answer changes no other."""
    one = create(server, {"a": {"b": [1]}})
    first, second, inner = read(server, one, one, one + "/key/a")
    first["a"]["b"].append(2)
    inner["b"].append(3)
    assert (first, second, inner) == ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, {"b": [1, 3]})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", {"a": {"b": [10, {"c": "end"}]}, "x/y": 1, "": 2, "0": 3, "n": None}),
        ("/key/a/attr/b/index/0", 10),
        ("/attr/a/key/b/index/1/attr/c", "end"),
        ("/key/a/key/b/index/1", {"c": "end"}),
        ("/key/x%2Fy", 1),
        ("/key/", 2),
        ("/key/0", 3),
        ("/key/missing", None),
        ("/key/missing/key/deeper/index/3", None),
        ("/key/n", None),
        ("/key/n/key/deeper", None),
        ("/key/a/key/b/index/2", None),
        ("/key/a/key/b/index/-1", None),
        ("/key/a/key/b/index/" + "9" * 5000, None),
        ("/key/a/key/b/key/0", None),
        ("/index/0", None),
        ("/key/x%2Fy/key/a", None),
        ("/key/a/key/b/index/1/key/c/index/0", None),
        ("/id/row", None),
        ("/key/a/id/row", None),
    ],
)
def test_path(server, path, expected):
    """Attr and key are one look-up, an index counts from 0, and what is missing is null."""
    val = {"a": {"b": [10, {"c": "end"}]}, "x/y": 1, "": 2, "0": 3, "n": None}
    assert read(server, create(server, val) + path) == [expected]


def test_versions(server):
    """``latest`` and ``vN`` are resolved; op and object refs are interchangeable."""
    create(server, "a")
    create(server, "b")
    base = f"weave:///{PROJECT}/object/o:"
    assert read(server, base + "v0", base + "latest", base + "v1") == ["a", "b", "b"]
    assert read(server, base.replace("/object/", "/op/") + "latest") == ["b"]


def test_own_kind_goes_first(server):
    """When an op and an object have one name, the ref's own kind is read."""
    op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}
    create(server, op, "f")
    create(server, "plain", "f")
    uris = [f"weave:///{PROJECT}/{kind}/f:v0" for kind in ("op", "object")]
    assert read(server, *uris) == [op, "plain"]


def test_rows(server):
    """A dataset's rows are read through its table ref; the end of a path is not followed."""
    table, (first, second) = create_table(server, [{"q": "one"}, {"q": {"deep": 2}}])
    dataset = create(server, {"rows": table}, "ds")
    assert read(
        server,
        f"{dataset}/attr/rows",
        f"{dataset}/attr/rows/id/{first}",
        f"{dataset}/attr/rows/id/{second}/key/q/key/deep",
        f"{dataset}/attr/rows/id/{second}/key/x",
    ) == [table, {"q": "one"}, 2, None]


def test_other_edges_into_a_table(server):
    """Only ``id`` leads into a table."""
    table, _ = create_table(server, [{"q": "one"}])
    dataset = create(server, {"rows": table}, "ds")
    assert read(server, f"{dataset}/attr/rows/index/0", f"{dataset}/attr/rows/key/q") == [
        None,
        None,
    ]


def test_row_must_be_in_the_table(server):
    """A row of another table of the project is not found, and fails the batch."""
    table, (row,) = create_table(server, [{"q": "one"}])
    _, (other,) = create_table(server, [{"q": "two"}])
    dataset = create(server, {"rows": table}, "ds")
    good = f"{dataset}/attr/rows/id/{row}"
    for bad in (other, "unknown"):
        with pytest.raises(NotFoundError, match=f"row '{bad}' is not in table"):
            read(server, good, f"{dataset}/attr/rows/id/{bad}")


def test_unknown_table(server):
    """A table that is not there fails the batch."""
    dataset = create(server, {"rows": f"weave:///{PROJECT}/table/nope"}, "ds")
    with pytest.raises(NotFoundError, match="table 'nope' does not exist"):
        read(server, f"{dataset}/attr/rows/id/x")


def test_refs_inside_values_are_followed(server):
    """Path left at a ref goes on inside the object or table that it points to."""
    table, (row,) = create_table(server, [{"k": [7]}])
    inner = create(server, {"deep": {"rows": table}}, "inner")
    alias = create(server, f"{inner}/key/deep", "alias")
    outer = create(server, {"model": inner, "part": alias, "op": inner.replace("object", "op")})
    assert read(
        server,
        f"{outer}/key/model",
        f"{outer}/key/model/attr/deep/attr/rows/id/{row}/key/k/index/0",
        f"{outer}/key/part/attr/rows/id/{row}",
        f"{outer}/key/op/key/deep/key/rows",
    ) == [inner, 7, {"k": [7]}, table]


def test_refs_into_other_projects(server):
    """A ref in a value is not followed into another project; a ref of the batch is."""
    other = create(server, {"a": 1}, project="acme/other")
    here = create(server, {"far": other})
    assert read(server, f"{here}/key/far/key/a", f"{other}/key/a", f"{here}/key/far") == [
        None,
        1,
        other,
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"weave:///{PROJECT}/call/abc",
        f"weave:///{PROJECT}/object/o",
        "weave:///nonsense",
        "wandb-artifact:///acme/demo/x:v0",
        "text",
    ],
)
def test_texts_that_are_not_followed(server, text):
    """A path that is left at a call ref, a broken ref or a text leads nowhere."""
    assert read(server, create(server, {"k": text}, "holder") + "/key/k/key/x") == [None]


def test_circles_end(server):
    """Refs that lead to each other, or to themselves, end as null."""
    base = f"weave:///{PROJECT}/object/"
    create(server, f"{base}b:latest", "a")
    create(server, f"{base}a:latest", "b")
    create(server, {"x": f"{base}c:latest/key/x"}, "c")
    create(server, {"x": f"{base}d:latest/key/x/key/y"}, "d")
    assert read(
        server,
        f"{base}a:latest/key/x",
        f"{base}c:latest/key/x/key/y",
        f"{base}d:latest/key/x/key/y",
    ) == [None, None, None]


def test_deleted_objects_are_null(server):
    """At the start of a path and in the middle of one; the rest of the batch is read."""
    gone = create(server, {"a": 1}, "gone")
    holder = create(server, {"k": gone}, "holder")
    delete(server, "gone")
    assert read(server, gone, f"{gone}/key/a", f"{holder}/key/k/key/a", f"{holder}/key/k") == [
        None,
        None,
        None,
        gone,
    ]


@pytest.mark.parametrize(
    "uri",
    [
        f"weave:///{PROJECT}/object/unknown:latest",
        f"weave:///{PROJECT}/object/o:unknown",
        f"weave:///{PROJECT}/object/o:v1",
        "weave:///acme/empty/object/o:v0",
    ],
)
def test_missing_objects_fail_the_batch(server, uri):
    """So does one that a value points to."""
    here = create(server, {"k": uri})
    with pytest.raises(NotFoundError, match="does not exist|has no version"):
        read(server, here, uri)
    if PROJECT in uri:
        with pytest.raises(NotFoundError, match="does not exist|has no version"):
            read(server, f"{here}/key/k/key/x")


@pytest.mark.parametrize(
    ("uri", "error", "message"),
    [
        (f"weave:///{PROJECT}/table/abc", InvalidRefError, r"refs\[0\] .* table_query"),
        (f"weave:///{PROJECT}/call/abc", InvalidRequest, r"refs\[0\] .* call_read"),
        (f"weave:///{PROJECT}/op/f:*", InvalidRefError, "only in filters"),
        (f"weave:///{PROJECT}/object/o", InvalidRefError, "version is missing"),
        (f"weave:///{PROJECT}/object/o:d/foo/bar", InvalidRefError, "foo"),
        (f"weave:///{PROJECT}/object/o:d/attr", InvalidRefError, "attr"),
        (f"weave:///{PROJECT}/object/o:d/index/x", InvalidRefError, "'x' is not a number"),
        (
            "wandb-artifact:///acme/demo/x:v0",
            InvalidRefError,
            r"refs\[0\] .* artifact .* cannot be read",
        ),
        ("weave-trace-internal:///p/object/o:d", InvalidRequest, "internal form"),
        ("", InvalidRefError, "Invalid ref"),
    ],
)
def test_refs_that_are_refused(server, uri, error, message):
    """What is no ref of an object or op is a value error that says what to do."""
    with pytest.raises(error, match=message):
        read(server, uri)


def test_limit(server):
    """A thousand refs are read, one more is refused."""
    uri = create(server, {"a": 1})
    assert read(server, *[f"{uri}/key/a"] * 1000) == [1] * 1000
    with pytest.raises(InvalidRequest, match="refs has 1001 entries"):
        read(server, *[uri] * 1001)


def test_each_object_is_read_once(server, monkeypatch):
    """A batch reads an object once, and looks through a table once."""
    table, row_digests = create_table(server, [{"i": number} for number in range(20)])
    dataset = create(server, {"rows": table}, "ds")
    reads = []
    for name in ("find_version", "find_table"):
        original = getattr(refs_store, name)
        monkeypatch.setattr(
            refs_store,
            name,
            lambda *args, original=original, name=name: reads.append(name) or original(*args),
        )
    uris = [f"{dataset}/attr/rows/id/{row}/key/i" for row in row_digests]
    assert read(server, *uris) == list(range(20))
    assert reads == ["find_version", "find_table"]


# --- a law: the same as walking plain Python values ---


@pytest.fixture(scope="module")
def law_server():
    """One store for all examples; each takes a project of its own."""
    with SqliteTraceServer(":memory:") as server:
        yield server


keys = st.sampled_from(["a", "b/c", "é", ""])
leaves = st.one_of(st.none(), st.integers(-2, 2), st.sampled_from(["text", "REF0", "REF1"]))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
paths = st.lists(
    st.tuples(st.sampled_from(["key", "attr"]), keys)
    | st.tuples(st.just("index"), st.integers(-1, 3)),
    max_size=5,
)


def walked(value, path, objects):
    """Walk a path in plain Python; a text that names an earlier object stands for it."""
    for edge, name in path:
        while isinstance(value, str) and value in objects:
            value = objects[value]
        if edge == "index":
            fits = isinstance(value, list) and 0 <= name < len(value)
            value = value[name] if fits else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def with_refs(value, uris):
    if isinstance(value, dict):
        return {key: with_refs(item, uris) for key, item in value.items()}
    if isinstance(value, list):
        return [with_refs(item, uris) for item in value]
    return uris.get(value, value) if isinstance(value, str) else value


@given(vals=st.lists(values, min_size=3, max_size=3), wanted=st.lists(paths, max_size=4))
def test_reading_is_walking(law_server, vals, wanted):
    """The value of a ref is what walking its path in Python gives."""
    project = f"law/{new_id()}"
    objects, uris = {}, {}
    for number, val in enumerate(vals):
        val = with_refs(val, uris)
        uris[f"REF{number}"] = create(law_server, val, f"o{number}", project)
        objects[uris[f"REF{number}"]] = val
    root = uris["REF2"]
    texts = [
        root + "".join(f"/{edge}/{quote(str(name), safe='')}" for edge, name in path)
        for path in wanted
    ]
    assert read(law_server, *texts) == [walked(objects[root], path, objects) for path in wanted]
