"""A client with no store: what the tracer needs and no more, so that its records can be looked at."""

from __future__ import annotations

from typing import Any

from weave_lite.core import jsontext
from weave_lite.core.digest import digest_bytes, digest_json
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import OpRef
from weave_lite.trace.recorder import Recorder
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart


class FakeServer:
    """Keeps records; fails as often as it is told to."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.batches: list[int] = []
        self.failures: list[Exception] = []

    def write_encoded(self, records: Any) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(len(records))
        self.records.extend(records)


class FakePublisher:
    def __init__(self, project_id: str) -> None:
        self.entity, self.project = project_id.split("/")
        self.files: dict[str, bytes] = {}

    def op_ref(self, op: Any) -> OpRef:
        name = clean_object_id(op.name)
        return OpRef(self.entity, self.project, name, digest_json({"op": name}))

    def save_object(self, value: Any) -> str:
        if value.__dict__.get("_weave_op"):
            return self.op_ref(value).uri()
        return f"weave:///{self.entity}/{self.project}/object/{type(value).__name__}:{'d' * 43}"

    def save_file(self, name: str, content: bytes) -> str:
        digest = digest_bytes(content)
        self.files[digest] = content
        return digest


class FakeClient:
    def __init__(self, project_id: str = "ent/proj", *, sync: bool = True) -> None:
        self.project_id = project_id
        self.server = FakeServer()
        self.publisher = FakePublisher(project_id)
        self.recorder = Recorder(self.server, sync=sync)
        self.renamed: list[tuple[str, str]] = []
        self.deleted: list[str] = []

    # --- CallActions ---

    def read_children(self, call: Any, page_size: int) -> Any:
        return iter([c for c in self.calls if c["parent_id"] == call.id])

    def delete_calls(self, call_ids: list[str]) -> None:
        self.deleted.extend(call_ids)

    def update_display_name(self, call_id: str, name: str) -> None:
        self.renamed.append((call_id, name))

    # --- what was recorded ---

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The recorded calls by start, with parents as indexes."""
        self.recorder.flush()
        starts = {r.id: r for r in self.server.records if isinstance(r, EncodedStart)}
        ends: dict[str, EncodedEnd] = {}
        for record in self.server.records:
            if isinstance(record, EncodedEnd):
                assert record.id not in ends, "a call was ended twice"
                ends[record.id] = record
        order = list(starts)
        return [
            self._call(n, start, ends.get(start.id), order)
            for n, start in enumerate(starts.values())
        ]

    def _call(
        self, n: int, start: EncodedStart, end: EncodedEnd | None, order: list[str]
    ) -> dict[str, Any]:
        return {
            "n": n,
            "id": start.id,
            "trace_id": start.trace_id,
            "parent_id": start.parent_id,
            "op": start.op_name.rpartition("/")[2].partition(":")[0],
            "parent": order.index(start.parent_id) if start.parent_id in order else None,
            "display_name": start.display_name,
            "inputs": jsontext.parse(start.inputs_json),
            "attributes": jsontext.parse(start.attributes_json),
            "output": jsontext.parse(end.output_json) if end else None,
            "exception": jsontext.parse(end.exception) if end and end.exception else None,
            "summary": jsontext.parse(end.summary_json) if end else None,
            "ended": end is not None,
            "started_at": start.started_at,
            "ended_at": end.ended_at if end else None,
            "thread_id": start.thread_id,
            "turn_id": start.turn_id,
        }

    @property
    def tree(self) -> list[tuple[str, int | None]]:
        """Op name and parent index of each call."""
        return [(c["op"], c["parent"]) for c in self.calls]
