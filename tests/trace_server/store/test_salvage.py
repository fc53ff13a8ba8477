"""Damaged stores: what can be read comes over, and nothing else does."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_of_traces import PROJECT, REF, end, fill, ids, start

import weave_lite as weave
from weave_lite.core.errors import SchemaVersionError, StoreError, UsageError, WeaveLiteError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store.damaged_pages import Pages
from weave_lite.trace_server.store.damaged_schema import TABLES, find_layout
from weave_lite.trace_server.store.damaged_trees import HIGHEST, LOWEST, Leaf, children, leaf_rows
from weave_lite.trace_server.store.doctor import examine
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.salvage import salvage

PAGE = 8192
DATA = sorted(set(TABLES) - {"path_indexes"})
ROWID_TABLES = [name for name in DATA if TABLES[name].has_rowid]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store whose larger trees have several levels; closed."""
    place = str(tmp_path_factory.mktemp("whole") / "weave.db")
    fill(place)
    with SqliteTraceServer(place) as server:
        records = []
        for n in range(300):
            call_id = f"call-{n}"
            records += [start(call_id, f"t{n // 3}", 3), end(call_id, 3 - n / 300)]
        records[8] = records[8]._replace(inputs_json=json.dumps({"ref": REF, "long": "é" * 30_000}))
        server.write_encoded(records)
        rows = [{"n": n, "text": "r" * 20} for n in range(1500)]
        server.table_create(
            tsi.TableCreateReq(table=tsi.TableSchemaForInsert(project_id=PROJECT, rows=rows))
        )
        server.file_create(
            tsi.FileCreateReq(project_id=PROJECT, name="big", content=b"\0" * 30_000)
        )
        for n in range(100):
            server.feedback_create(
                tsi.FeedbackCreateReq(
                    project_id=PROJECT,
                    weave_ref=f"weave:///{PROJECT}/call/call-{n}",
                    feedback_type="note",
                    payload={"text": "fine " * 60},
                )
            )
            server.obj_create(
                tsi.ObjCreateReq(
                    obj=tsi.ObjSchemaForInsert(
                        project_id=PROJECT, object_id=f"o{n}", val={"n": n, "t": "t" * 500}
                    )
                )
            )
    with closing(sqlite3.connect(place)) as raw:
        raw.executemany(
            "INSERT INTO costs (project, id, llm_id, provider_id, effective_date,"
            " prompt_token_cost, completion_token_cost, created_at) VALUES (1, ?, 'm', 'p', 0, 1, 0.5, 0)",
            [(f"cost-{n}",) for n in range(200)],
        )
        raw.commit()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return place


@pytest.fixture(scope="module")
def truth(whole):
    """All rows of the whole store, by table."""
    return rows_of(whole)


@pytest.fixture
def place(whole, tmp_path):
    """A copy of the store, to be damaged."""
    return shutil.copy(whole, str(tmp_path / "damaged.db"))


def rows_of(place):
    with closing(sqlite3.connect(place)) as raw:
        return {
            name: set(raw.execute(f"SELECT {', '.join(_columns(name))} FROM {name}"))
            for name in DATA
        }


def _columns(name):
    return [f'"{column.name}"' for column in TABLES[name].columns]


def trees(place):
    """The pages of each table and index: root and inner pages first, then the leaves."""
    found = {}
    with Pages(place, PAGE) as pages:
        for name, root in find_layout(pages).roots.items():
            inner, leaves, stack = [], [], [root]
            while stack:
                number = stack.pop()
                below = children(pages, number)
                (inner if below else leaves).append(number)
                stack.extend(below)
            found[name] = (inner, leaves)
    return found


def keys_in(place, number):
    """The keys of the rows in one leaf."""
    with Pages(place, PAGE) as pages:
        leaf = Leaf(number, LOWEST, HIGHEST)
        return {row.key for row in leaf_rows(pages, leaf, is_text=False)}


def overwrite(place, number, content):
    with Path(place).open("r+b") as file:
        file.seek((number - 1) * PAGE)
        file.write(content)


def checked(place, truth):
    """Salvage; the rows of the new store are of the old one, and the store is good for use."""
    before = Path(place).read_bytes()
    target = f"{place}.new.db"
    Path(target).unlink(missing_ok=True)
    done = salvage(place, target)
    assert Path(place).read_bytes() == before
    assert (done.problems, examine(target).is_fine) == ((), True)
    found = rows_of(target)
    rebuilt = 0
    for name in DATA:
        strange = found[name] - truth[name]
        if name == "calls":
            calls = {row[0]: row for row in truth[name]}
            strange = {row for row in strange if not _is_part_of_a_call(row, calls)}
            rebuilt = len(found[name] - truth[name]) - len(strange)
        if name in {"projects", "op_names"}:  # placeholders
            strange = {row for row in strange if not row[1].startswith("salvaged")}
        assert not strange, name
    lost = {name: len(truth[name]) - len(found[name]) for name in DATA}
    return done, found, lost, rebuilt


def _is_part_of_a_call(row, calls):
    """Tell whether a call has the values of an old one, but for those that are lost."""
    old = calls.get(row[0])
    return old is not None and all(
        now == was
        or (now is None and name not in {"pk", "project", "id", "started_at"})
        or (name == "trace_id" and now == row[2])
        or name in {"op", "is_renamed"}
        for name, now, was in zip(
            (column.name for column in TABLES["calls"].columns), row, old, strict=True
        )
    )


def use(place):
    """Read and write a store as a program does."""
    client = weave.init(PROJECT, db=place)
    try:
        before = len(list(client.get_calls()))

        @weave.op
        def double(x):
            return 2 * x

        double(4)
        client.flush()
        assert len(list(client.get_calls())) == before + 1
    finally:
        weave.finish()


def test_sound_store_comes_over_whole(place, truth):
    """Every row, by value; and the new store works."""
    done, found, _, _ = checked(place, truth)
    assert found == truth
    assert done.is_complete
    assert {table.name: table.copied for table in done.tables} == {
        name: len(rows) for name, rows in truth.items()
    }
    use(f"{place}.new.db")


@pytest.mark.parametrize("name", ROWID_TABLES)
@pytest.mark.parametrize("kind", ["zeros", "noise"])
def test_each_leaf_of_each_table(place, truth, name, kind):
    """A lost leaf costs its own rows at most; the count of what is lost is right."""
    _, leaves = trees(place)[name]
    some = leaves[:1] if kind == "zeros" else leaves[len(leaves) // 2 :: len(leaves)]
    for number in some:
        keys = keys_in(place, number)
        content = Path(place).read_bytes()
        overwrite(place, number, bytes(PAGE) if kind == "zeros" else os.urandom(PAGE))
        done, found, lost, rebuilt = checked(place, truth)
        kept = {row for row in truth[name] if row[0] not in keys}
        assert kept <= found[name]
        (told,) = (table for table in done.tables if table.name == name)
        assert done.is_complete == (not any(table.lost or table.rebuilt for table in done.tables))
        if name in {"projects", "op_names"}:  # an index knows all of these
            assert (lost[name], told.lost) == (0, 0)
        elif name == "calls":
            assert (told.rebuilt, told.lost) == (rebuilt, 0)
            assert rebuilt > 0
        else:
            assert told.lost == pytest.approx(lost[name], abs=0 if not told.is_estimate else 3)
        Path(place).write_bytes(content)


@pytest.mark.parametrize("name", ROWID_TABLES)
def test_inner_pages(place, truth, name):
    """Leaves that no page leads to any more are found: no row is lost."""
    inner, _ = trees(place)[name]
    for number in inner:
        content = Path(place).read_bytes()
        overwrite(place, number, os.urandom(PAGE))
        _, found, _, _ = checked(place, truth)
        assert found[name] == truth[name]
        Path(place).write_bytes(content)


@pytest.mark.parametrize("name", ["call_refs", "table_positions"])
def test_tables_without_rowid(place, truth, name):
    """Refs are found anew in the values of calls; positions that are lost are told."""
    inner, leaves = trees(place)[name]
    for number in [*inner, leaves[0]]:
        content = Path(place).read_bytes()
        overwrite(place, number, os.urandom(PAGE))
        done, found, lost, _ = checked(place, truth)
        (told,) = (table for table in done.tables if table.name == name)
        if name == "call_refs":
            assert found[name] == truth[name]
        else:
            assert lost[name] > 0
            assert told.lost > 0
            assert any("lost rows" in note for note in done.notes)
        Path(place).write_bytes(content)


def test_indexes(place, truth):
    """No row depends on an index."""
    for name, (inner, leaves) in trees(place).items():
        if name not in TABLES and name != "alembic_version":
            for number in (*inner, *leaves):
                overwrite(place, number, os.urandom(PAGE))
    _, found, _, _ = checked(place, truth)
    assert found == truth


@pytest.mark.parametrize("kept_bytes", [0, 100, PAGE])
def test_lost_beginning(place, truth, kept_bytes):
    """Header, list of tables or both are lost: the tables are where a new store has them."""
    content = Path(place).read_bytes()
    kept = content[:100] if kept_bytes == 100 else b"\xff" * 100
    rest = content[100:PAGE] if kept_bytes == PAGE else bytes(PAGE - 100)
    overwrite(place, 1, kept + rest)
    done, found, _, _ = checked(place, truth)
    assert found == truth
    assert any("list of tables" in note for note in done.notes) == (kept_bytes != PAGE)


def test_damaged_names_of_columns(place, truth):
    """One changed byte in the list of tables does not cost a table."""
    content = Path(place).read_bytes()
    damaged = content[:PAGE].replace(b"parent_id TEXT", b"parfnt_id TEXT")
    assert damaged != content[:PAGE]
    overwrite(place, 1, damaged)
    _, found, _, _ = checked(place, truth)
    assert found == truth


def test_compacted_store_without_its_beginning(place):
    """VACUUM puts tables elsewhere; they are found there, too."""
    with closing(sqlite3.connect(place)) as raw:
        raw.execute("DELETE FROM feedback")
        raw.commit()
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    truth = rows_of(place)
    overwrite(place, 1, bytes(PAGE))
    _, found, _, _ = checked(place, truth)
    assert found == truth


def test_random_damage(place, truth):
    """Pages of noise and zeros anywhere, and files cut anywhere: only rows of the old store."""
    content = Path(place).read_bytes()
    chance = random.Random(7)
    page_count = len(content) // PAGE
    outcomes = set()
    for turn in range(16):
        Path(place).write_bytes(content)
        for _ in range(chance.choice([1, 2, 5, 20])):
            noise = bytes(PAGE) if chance.random() < 0.5 else chance.randbytes(PAGE)
            overwrite(place, chance.randrange(1, page_count + 1), noise)
        if turn % 2:
            os.truncate(place, chance.randrange(1, len(content)))
        try:
            done, *_ = checked(place, truth)
        except StoreError:
            outcomes.add("refused")
        else:
            outcomes.add(done.is_complete)
    assert outcomes >= {False}


def test_flipped_bytes(place):
    """Single bytes anywhere: an error of ours or a store that is good for use."""
    content = Path(place).read_bytes()
    chance = random.Random(11)
    target = f"{place}.new.db"
    for _ in range(16):
        damaged = bytearray(content)
        for _ in range(200):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        Path(place).write_bytes(damaged)
        Path(target).unlink(missing_ok=True)
        try:
            done = salvage(place, target)
        except WeaveLiteError:
            continue
        assert done.problems == ()
        assert ids(target) is not None


def test_damaged_store_is_used_again(place):
    """The way a user goes: the program names the command, the new store takes its place."""
    content = Path(place).read_bytes()
    middle = len(content) // 2
    overwrite(place, middle // PAGE, os.urandom(40 * PAGE))
    assert any("weave-lite salvage" in finding.text for finding in examine(place).findings)
    target = f"{place}.new.db"
    assert not salvage(place, target).is_complete
    use(target)


def test_rows_in_the_log(whole, tmp_path):
    """What is only in the log beside the file is read; a damaged end of the log is told."""
    place = shutil.copy(whole, str(tmp_path / "live.db"))
    server = SqliteTraceServer(place)
    for n in range(5):
        server.write_encoded([start(f"late-{n}", "t-late", 0)])
    crashed = str(tmp_path / "crashed.db")
    for suffix in ("", "-wal"):
        shutil.copy(place + suffix, crashed + suffix)
    truth = rows_of(place)
    server.close()
    done, found, _, _ = checked(crashed, truth)
    assert (found, done.is_complete) == (truth, True)
    log = bytearray(Path(crashed + "-wal").read_bytes())
    log[len(log) // 2] ^= 0xFF
    Path(crashed + "-wal").write_bytes(log)
    done, found, lost, _ = checked(crashed, truth)
    assert 0 < lost["calls"] < 5
    assert not done.is_complete


def test_deleted_rows_stay_deleted(place):
    """Free pages hold what was deleted; it does not come back."""
    with closing(sqlite3.connect(place)) as raw:
        raw.execute("PRAGMA secure_delete = OFF")
        raw.execute("DELETE FROM call_inputs WHERE pk > 100")
        raw.execute("DELETE FROM call_outputs WHERE pk > 100")
        raw.execute("DELETE FROM call_refs WHERE call > 100")
        raw.execute("DELETE FROM calls WHERE pk > 100")
        raw.commit()
    truth = rows_of(place)
    (root, *_), _ = trees(place)["call_inputs"]
    overwrite(place, root, os.urandom(PAGE))
    _, found, _, _ = checked(place, truth)
    assert found["call_inputs"] == truth["call_inputs"]


def test_indexes_of_the_user(place):
    """They are made anew, not copied."""
    with SqliteTraceServer(place) as server:
        server.index_add("inputs.text")
        server.index_add("inputs")
    truth = rows_of(place)
    done, found, _, _ = checked(place, truth)
    assert done.indexes == ("inputs", "inputs.text")
    assert found == truth
    with SqliteTraceServer(f"{place}.new.db") as server:
        assert [(index.path, index.pending) for index in server.index_list()] == [
            ("inputs", 0),
            ("inputs.text", 0),
        ]


def test_older_store(tmp_path):
    """A store of an earlier schema is read as it is."""
    packed = Path(__file__).parents[2] / "data" / "stores" / "v1.db.gz"
    place = tmp_path / "old.db"
    place.write_bytes(gzip.decompress(packed.read_bytes()))
    target = str(tmp_path / "new.db")
    done = salvage(str(place), target)
    with closing(sqlite3.connect(place)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM calls").fetchone()
    assert done.is_complete
    assert [table.copied for table in done.tables if table.name == "calls"] == [count]


def test_refused(place, tmp_path):
    """A target that is there, nothing, other files, and stores of newer releases."""
    taken, target = tmp_path / "taken.db", str(tmp_path / "new.db")
    taken.write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        salvage(place, str(taken))
    with pytest.raises(UsageError, match="folder"):
        salvage(place, str(tmp_path / "none" / "new.db"))
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as raw:
        raw.execute("CREATE TABLE calls (pk INTEGER PRIMARY KEY)")
    with pytest.raises(StoreError, match="another program"):
        salvage(str(foreign), target)
    for content in (b"x" * 100_000, bytes(100_000), b"text"):
        foreign.write_bytes(content)
        with pytest.raises(StoreError, match="is not a weave_lite store"):
            salvage(str(foreign), target)
    with pytest.raises(StoreError, match="nothing in"):
        salvage(str(tmp_path / "none.db"), target)
    with closing(sqlite3.connect(place)) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaVersionError):
        salvage(place, target)
    assert taken.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir() if "new.db" in path.name) == []


def test_store_that_is_written_meanwhile(place, tmp_path):
    """Pages of two moments would be mixed: the salvage is given up."""

    def write(table):
        if table == "objects":
            os.utime(place)

    with pytest.raises(StoreError, match="written meanwhile"):
        salvage(place, str(tmp_path / "new.db"), progress=write)
    assert not (tmp_path / "new.db").exists()


def test_full_disk(place, tmp_path, monkeypatch):
    """An error of ours, and nothing half-made is left."""

    def fail(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "checkpoint", fail)
    monkeypatch.setattr("weave_lite.trace_server.store.salvage.mend", fail)
    with pytest.raises(StoreError):
        salvage(place, str(tmp_path / "new.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.db"]
