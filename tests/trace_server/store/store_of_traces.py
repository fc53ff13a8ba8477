"""A store with traces of several ages, for the tests of the tools."""

from __future__ import annotations

import json

from weave_lite.core.clock import now_micros
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"
DAY = 86_400_000_000
REF = f"weave:///{PROJECT}/object/settings:abc"


def start(call_id, trace_id, age_days, parent_id=None):
    """The start of a call of some age; its inputs hold a ref and about 2 KB."""
    inputs = f'{{"ref":"{REF}","text":"{"x" * 2000}"}}'
    at = now_micros() - int(age_days * DAY)
    return EncodedStart(PROJECT, call_id, trace_id, parent_id, "op", None, at, "{}", inputs, (REF,))


def end(call_id, age_days):
    """The end of a call of some age."""
    at = now_micros() - int(age_days * DAY)
    return EncodedEnd(PROJECT, call_id, at, None, json.dumps(call_id), "{}")


def fill(place):
    """Twenty old traces of two calls, two new ones, one that spans both ages, one that runs."""
    with SqliteTraceServer(place) as server:
        records = []
        for n in range(20):
            root, child = f"old-{n}", f"old-{n}\nchild"
            records += [start(root, f"t-old-{n}", 30), start(child, f"t-old-{n}", 30, root)]
            records += [end(child, 29), end(root, 29)]
        for n in range(2):
            records += [start(f"new-{n}", f"t-new-{n}", 1), end(f"new-{n}", 1)]
        records += [start("long", "t-long", 30), end("long", 1)]
        records += [start("running", "t-running", 2)]
        server.write_encoded(records)
        server.obj_create(
            tsi.ObjCreateReq(
                obj=tsi.ObjSchemaForInsert(project_id=PROJECT, object_id="settings", val={"a": 1})
            )
        )
        server.table_create(
            tsi.TableCreateReq(
                table=tsi.TableSchemaForInsert(project_id=PROJECT, rows=[{"q": 1}, {"q": 2}])
            )
        )
        server.file_create(tsi.FileCreateReq(project_id=PROJECT, name="n", content=b"hello"))
        for call_id in ("old-3", "old-3\nchild", "new-1"):
            server.feedback_create(
                tsi.FeedbackCreateReq(
                    project_id=PROJECT,
                    weave_ref=f"weave:///{PROJECT}/call/{call_id}",
                    feedback_type="note",
                    payload={"n": 1},
                )
            )


def ids(place):
    """The ids of the calls that can be seen, sorted."""
    with SqliteTraceServer(place) as server:
        req = tsi.CallsQueryReq(project_id=PROJECT)
        return sorted(call.id for call in server.calls_query(req).calls)
