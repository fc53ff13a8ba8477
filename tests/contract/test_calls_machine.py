"""Calls under a state machine: any order of requests against a model of plain dicts."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
REFS = ["weave:///a/b/object/x:D", "weave:///a/b/object/y:D"]
PROJECTS = st.sampled_from(["a/b", "a/c"])
IDS = st.sampled_from(["1", "2", "3", "4"])
PARENTS = st.none() | IDS
SECONDS = st.integers(0, 3)
NAMES = st.sampled_from([None, "", "n1", "n2"])
OPS = st.sampled_from(["op1", "op2"])
VALUES = st.sampled_from([None, 1, "text", *REFS])


class Model:
    """What calls are by the contract, as dicts: parts by project and id."""

    def __init__(self):
        self.calls = {}

    def part(self, project_id, call_id):
        return self.calls.setdefault(
            (project_id, call_id), {"start": None, "end": None, "name": None, "deleted": False}
        )

    def delete(self, project_id, call_ids):
        doomed = set(call_ids)
        while True:
            below = {
                call_id
                for (owner, call_id), call in self.calls.items()
                if owner == project_id and call["start"] and call["start"]["parent_id"] in doomed
            }
            if below <= doomed:
                break
            doomed |= below
        count = 0
        for call_id in doomed:
            call = self.calls.get((project_id, call_id))
            if call and not call["deleted"]:
                call["deleted"] = True
                count += call["start"] is not None
        return count

    def visible(self, project_id):
        """The calls that can be seen, in the default order, as tuples of what was sent."""
        found = []
        for (owner, call_id), call in self.calls.items():
            if owner != project_id or call["deleted"] or call["start"] is None:
                continue
            start, end = call["start"], call["end"] or {}
            name = start["display_name"] if call["name"] is None else call["name"] or None
            ended_at = end.get("ended_at")
            found.append(
                (
                    start["started_at"],
                    call_id,
                    start["op_name"],
                    start["parent_id"],
                    start["inputs"],
                    name,
                    ended_at,
                    end.get("output"),
                    end.get("exception"),
                )
            )
        return sorted(found, key=lambda call: call[:2])


class CallsMachine(RuleBasedStateMachine):
    """Starts, ends, updates and deletions in any order, with the file closed in between."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.place = Path(self.folder) / "weave.db"
        self.server = SqliteTraceServer(self.place)
        self.model = Model()

    def teardown(self):
        self.server.close()
        shutil.rmtree(self.folder)

    def start_req(self, project_id, call_id, parent_id, seconds, name, op_name, value):
        fields = {
            "project_id": project_id,
            "id": call_id,
            "trace_id": "t",
            "parent_id": parent_id,
            "started_at": EPOCH + dt.timedelta(seconds=seconds),
            "display_name": name,
            "op_name": op_name,
            "attributes": {"s": seconds},
            "inputs": {"v": value},
        }
        self.model.part(project_id, call_id)["start"] = fields
        return tsi.CallStartReq(start=fields)

    def end_req(self, project_id, call_id, seconds, value, exception):
        fields = {
            "project_id": project_id,
            "id": call_id,
            "ended_at": EPOCH + dt.timedelta(seconds=seconds),
            "output": value,
            "exception": exception,
            "summary": {},
        }
        self.model.part(project_id, call_id)["end"] = fields
        return tsi.CallEndReq(end=fields)

    @rule(p=PROJECTS, i=IDS, parent=PARENTS, s=SECONDS, name=NAMES, op=OPS, value=VALUES)
    def start(self, p, i, parent, s, name, op, value):
        self.server.call_start(self.start_req(p, i, parent, s, name, op, value))

    @rule(p=PROJECTS, i=IDS, s=SECONDS, value=VALUES, exception=st.sampled_from([None, "E"]))
    def end(self, p, i, s, value, exception):
        self.server.call_end(self.end_req(p, i, s, value, exception))

    @rule(p=PROJECTS, i=IDS, parent=PARENTS, s=SECONDS, name=NAMES, op=OPS, value=VALUES)
    def whole(self, p, i, parent, s, name, op, value):
        end = self.end_req(p, i, s, value, None)
        start = self.start_req(p, i, parent, s, name, op, value)
        self.server.write_encoded([validate.call_end(end), validate.call_start(start)])

    @rule(p=PROJECTS, i=IDS, name=st.sampled_from(["", "u1", "u2"]))
    def update(self, p, i, name):
        self.model.part(p, i)["name"] = name
        self.server.call_update(tsi.CallUpdateReq(project_id=p, call_id=i, display_name=name))

    @rule(p=PROJECTS, call_ids=st.lists(IDS, max_size=2))
    def delete(self, p, call_ids):
        answer = self.server.calls_delete(tsi.CallsDeleteReq(project_id=p, call_ids=call_ids))
        assert answer.num_deleted == self.model.delete(p, call_ids)

    @rule()
    def reopen(self):
        self.server.close()
        self.server = SqliteTraceServer(self.place)

    @invariant()
    def same_calls(self):
        for project_id in ("a/b", "a/c"):
            expected = self.model.visible(project_id)
            found = self.server.calls_query(tsi.CallsQueryReq(project_id=project_id)).calls
            assert [
                (
                    call.started_at,
                    call.id,
                    call.op_name,
                    call.parent_id,
                    call.inputs,
                    call.display_name,
                    call.ended_at,
                    call.output,
                    call.exception,
                )
                for call in found
            ] == [call[:5] + (call[5],) + call[6:] for call in expected]

    @invariant()
    def same_filters(self):
        calls = self.model.visible("a/b")
        for calls_filter, is_found in (
            ({"op_names": ["op1"]}, lambda call: call[2] == "op1"),
            ({"parent_ids": ["1"]}, lambda call: call[3] == "1"),
            ({"trace_roots_only": True}, lambda call: call[3] is None),
            ({"input_refs": REFS[:1]}, lambda call: call[4]["v"] == REFS[0]),
            ({"output_refs": REFS}, lambda call: call[7] in REFS),
        ):
            expected = [call[1] for call in calls if is_found(call)]
            req = tsi.CallsQueryReq(project_id="a/b", filter=calls_filter)
            assert [call.id for call in self.server.calls_query(req).calls] == expected
            stats = tsi.CallsQueryStatsReq(project_id="a/b", filter=calls_filter)
            assert self.server.calls_query_stats(stats).count == len(expected)


TestCalls = CallsMachine.TestCase
TestCalls.settings = settings(
    max_examples=settings.default.max_examples, stateful_step_count=20, deadline=None
)
