"""The whole server under one state machine: any order of requests against a model of plain dicts.

Two projects, one file, up to two servers on it, user indexes that come and go; the file is closed,
opened, and copied as a crash would leave it.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from store_model import StoreModel, finds, matches, pages
from store_rules import ContentRules
from store_values import INDEXES, PROJECTS, call_queries, ends, ids, ordered, projects, starts
from trace_server.query.reference import NotSaid

from weave_lite.core.clock import from_micros
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


def as_answered(row):
    """A feedback as it stands in the summary of its call."""
    fields = {name: value for name, value in row.items() if name != "project_id"}
    return {**fields, "created_at": from_micros(row["created_at"])}


def chosen(costs):
    """The parts of each model's cost that the model of the store knows."""
    names = ("requests", "provider_id", "pricing_level_id")
    names += tuple(
        kind + name
        for kind in ("prompt", "completion")
        for name in ("_tokens", "_token_cost", "_tokens_total_cost")
    )
    return {llm_id: {name: cost[name] for name in names} for llm_id, cost in costs.items()}


class Crash(Exception):
    """What ends a write in its middle."""


class StoreMachine(ContentRules):
    """Every aggregate of the server; requests go to the open servers in turn."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.place = self.folder / "weave.db"
        self.servers = [SqliteTraceServer(self.place)]
        self.turns = itertools.count()
        self.model = StoreModel(PROJECTS)
        self.indexes = set()

    def teardown(self):
        for server in self.servers:
            server.close()
        shutil.rmtree(self.folder)

    @property
    def server(self):
        return self.servers[next(self.turns) % len(self.servers)]

    # --- calls ---

    @rule(p=projects, i=ids, start=starts)
    def start(self, p, i, start):
        self.server.call_start(self.start_req(p, i, start))

    @rule(p=projects, i=ids, end=ends)
    def end(self, p, i, end):
        self.server.call_end(self.end_req(p, i, end))

    @rule(p=projects, parts=st.lists(st.tuples(ids, starts | ends), min_size=1, max_size=4))
    def batch(self, p, parts):
        batch = [
            {"mode": "end", "req": self.end_req(p, i, part)}
            if "ended_at" in part
            else {"mode": "start", "req": self.start_req(p, i, part)}
            for i, part in parts
        ]
        res = self.server.call_start_batch(tsi.CallCreateBatchReq.model_validate({"batch": batch}))
        assert [getattr(each, "id", None) for each in res.res] == [
            None if "ended_at" in part else i for i, part in parts
        ]

    @rule(p=projects, calls=st.lists(st.tuples(ids, starts, ends), min_size=1, max_size=3))
    def complete(self, p, calls):
        batch = []
        for i, start, end in calls:
            self.start_req(p, i, start)
            self.end_req(p, i, end)
            batch.append({"project_id": p, "id": i, **start, **end})
        self.server.calls_complete(tsi.CallsUpsertCompleteReq.model_validate({"batch": batch}))

    @rule(p=projects, i=ids, start=starts, end=ends)
    def write_encoded(self, p, i, start, end):
        """The way of the SDK's recorder; the end goes first."""
        parts = (
            validate.call_end(self.end_req(p, i, end)),
            validate.call_start(self.start_req(p, i, start)),
        )
        self.server.write_encoded(parts)

    @rule(p=projects, i=ids, name=st.sampled_from(["", "text", "u1"]))
    def rename(self, p, i, name):
        self.model[p].part(i)["name"] = name
        self.server.call_update(tsi.CallUpdateReq(project_id=p, call_id=i, display_name=name))

    @rule(p=projects, call_ids=st.lists(ids, max_size=1))
    def delete_calls(self, p, call_ids):
        answer = self.server.calls_delete(tsi.CallsDeleteReq(project_id=p, call_ids=call_ids))
        assert answer.num_deleted == self.model[p].delete_calls(call_ids)

    def start_req(self, p, i, start):
        fields = {"project_id": p, "id": i, **start}
        self.model[p].part(i)["start"] = fields
        return tsi.CallStartReq(start=fields)

    def end_req(self, p, i, end):
        self.model[p].part(i)["end"] = end
        return tsi.CallEndReq(end={"project_id": p, "id": i, **end})

    @rule(p=projects, query=call_queries, is_expanded=st.booleans())
    def query(self, p, query, is_expanded):
        """Filter, sort and pages find what the plain evaluator finds."""
        text = json.dumps([query["expr"], query["sort_by"]])
        rows = self.model[p].visible_calls()
        if is_expanded:
            # A field at the listed path itself stands for the raw ref.
            is_expanded = '"inputs.v"' not in text and '"inputs"' not in text
        if is_expanded:
            for row in rows:
                inputs = row["inputs"]
                expanded = {"v": self.model.expanded(inputs["v"])} if "v" in inputs else {}
                row["raw"], row["inputs"] = inputs, {**inputs, **expanded}
        fields = {
            "project_id": p,
            "filter": query["filter"],
            "query": query["expr"] and {"$expr": query["expr"]},
        }
        wanted = fields | {name: query[name] for name in ("sort_by", "limit", "offset")}
        req = tsi.CallsQueryReq.model_validate(
            wanted | {"expand_columns": ["inputs.v"] if is_expanded else None}
        )
        found = self.server.calls_query(req).calls
        stats = tsi.CallsQueryStatsReq.model_validate(fields | {"include_total_storage_size": True})
        counted = self.server.calls_query_stats(stats)
        try:
            rows = [
                row
                for row in rows
                if matches({**row, "inputs": row.get("raw", row["inputs"])}, query["filter"] or {})
                and finds(row, query["expr"])
            ]
            expected = ordered(rows, query["sort_by"], "started_at")
        except NotSaid:
            return
        expected = pages(expected, query["limit"], query["offset"])
        assert [(call.id, call.inputs) for call in found] == [
            (row["id"], row["inputs"]) for row in expected
        ]
        if not is_expanded:
            assert counted.count == len(rows)
            assert counted.total_storage_size_bytes == self.model[p].size_of_roots(rows)

    # --- indexes, files and crashes ---

    @rule(path=st.sampled_from(INDEXES))
    def add_index(self, path):
        self.server.index_add(path)
        self.indexes.add(path)

    @rule(path=st.sampled_from(INDEXES))
    def drop_index(self, path):
        if path in self.indexes:
            self.server.index_drop(path)
            self.indexes.remove(path)
            return
        with pytest.raises(InvalidRequest):
            self.server.index_drop(path)

    @rule()
    def reopen(self):
        for server in self.servers:
            server.close()
        self.servers = [SqliteTraceServer(self.place)]

    @rule()
    def open_or_close_a_second_server(self):
        if len(self.servers) == 1:
            self.servers.append(SqliteTraceServer(self.place))
        else:
            self.servers.pop(0).close()

    @rule(p=projects, i=ids, start=starts)
    def crash_in_a_write(self, p, i, start):
        """A copy taken in the middle of a transaction has all that came before, and nothing of it."""
        req = tsi.CallStartReq(start={"project_id": p, "id": i, **start})
        with pytest.raises(Crash), self.server._store.write() as conn:
            from weave_lite.trace_server.store import calls_write

            calls_write.start(conn, validate.call_start(req))
            self.check_a_copy()
            raise Crash
        self.same_calls()

    @rule()
    def crash(self):
        """A copy of the files as they are now opens with every committed change in it."""
        self.check_a_copy()

    def check_a_copy(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in self.folder.glob("weave.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, folder)
            servers = self.servers
            try:
                with SqliteTraceServer(Path(folder) / "weave.db") as server:
                    self.servers = [server]
                    self.same_calls()
                    self.same_objects()
                    self.same_content()
            finally:
                self.servers = servers

    # --- what always holds ---

    @invariant()
    def same_calls(self):
        """Whole calls with all that can be asked for, in the default order."""
        for p in PROJECTS:
            project = self.model[p]
            rows = project.visible_calls()
            req = tsi.CallsQueryReq.model_validate({"project_id": p, **INCLUDE})
            found = [call.model_dump() for call in self.server.calls_query(req).calls]
            costs = {call["id"]: call["summary"]["weave"].pop("costs", {}) for call in found}
            assert {call_id: chosen(each) for call_id, each in costs.items()} == {
                row["id"]: project.costs_of(row) for row in rows
            }
            assert found == [self.schema(p, row) for row in ordered(rows, [], "started_at")]

    def schema(self, p, row):
        project = self.model[p]
        extras = {"feedback": [as_answered(each) for each in row["feedback"]]}
        fields = {name: value for name, value in row.items() if name not in ("size", "feedback")}
        for name in ("started_at", "ended_at"):
            fields[name] = None if row[name] is None else from_micros(row[name])
        return {
            **fields,
            "summary": {**row["summary"], "weave": {**project.weave_of(row), **extras}},
            "deleted_at": None,
            "storage_size_bytes": row["size"],
            "total_storage_size_bytes": (
                project.trace_size(row["trace_id"]) if row["parent_id"] is None else None
            ),
        }

    @invariant()
    def same_indexes(self):
        assert {index.path for index in self.server.index_list()} == self.indexes


INCLUDE = dict.fromkeys(
    ("include_costs", "include_feedback", "include_storage_size", "include_total_storage_size"),
    True,
)


# Each example sends some 25 requests and compares all after each: the profile for long runs has all
# its examples, the others stay within seconds.
EXAMPLES = settings.default.max_examples
TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=EXAMPLES if EXAMPLES > 1000 else min(EXAMPLES, 60),
    stateful_step_count=25,
    deadline=None,
    derandomize=False,
)
