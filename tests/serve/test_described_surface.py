"""What is described is what is answered: schemathesis makes requests, a real server answers them."""

from __future__ import annotations

import datetime as dt
import json

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from weave_lite.serve.app import make_app
from weave_lite.serve.openapi import description
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server_bindings.routes import JSON_LINES

P = "acme/demo"
CALL = "01900000-0000-7000-8000-000000000001"
# By hand, with HYPOTHESIS_PROFILE=deep, for as long as one likes.
EXAMPLES = 150 if settings.get_current_profile_name() == "deep" else 4
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
OPERATIONS = [
    f"{verb.upper()} {path}" for path, verbs in description()["paths"].items() for verb in verbs
]
SCHEMA = schemathesis.openapi.from_dict(description())


@pytest.fixture
def known(store):
    """A store with something of everything; gives what its fields are called and hold."""
    row = {"q": "x", "n": 1}
    table = tsi.TableSchemaForInsert(project_id=P, rows=[row])
    res = store.table_create(tsi.TableCreateReq(table=table))
    val = {"rows": f"weave:///{P}/table/{res.digest}", "a": [1, {"b": "2"}]}
    obj = tsi.ObjSchemaForInsert(project_id=P, object_id="thing", val=val)
    digest = store.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    file = store.file_create(tsi.FileCreateReq(project_id=P, name="a.txt", content=b"abc"))
    start = tsi.StartedCallSchemaForInsert(
        project_id=P, id=CALL, trace_id=CALL, op_name=f"weave:///{P}/op/f:{digest}",
        started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), attributes={}, inputs={"a": val},
    )  # fmt: skip
    store.call_start(tsi.CallStartReq(start=start))
    ref = f"weave:///{P}/object/thing:{digest}"
    note = tsi.FeedbackCreateReq(
        project_id=P, weave_ref=ref, feedback_type="wandb.note.1", payload={"note": "x"}
    )
    return {
        "project_id": [P],
        "id": [CALL, store.feedback_create(note).id],
        "trace_id": [CALL],
        "call_ids": [[CALL]],
        "object_id": ["thing"],
        "digest": [digest, res.digest, file.digest, "latest", "v0"],
        "base_digest": [res.digest],
        "digests": [[res.digest], [digest]],
        "row_digests": [res.row_digests],
        "refs": [[ref, f"{ref}/attr/a/index/1/key/b"]],
        "weave_ref": [ref],
        "started_at": ["2026-01-01T00:00:00Z", 0],
        "columns": [["id", "inputs.a"]],
        "fields": [["id"], ["weave_ref", "payload"]],
        "sort_by": [[{"field": "id", "direction": "desc"}]],
    }


def filled(value, known, draw):
    """Put in what the store knows, in some places: strings made up find nothing ever."""
    if isinstance(value, list):
        return [filled(each, known, draw) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: draw.choice(known[key])
        if key in known and draw.random() < 0.8
        else filled(each, known, draw)
        for key, each in value.items()
    }


def check_lines(answer, operation):
    """Each line is what the description says of lines; schemathesis knows no such thing."""
    content = operation["responses"]["200"]["content"][JSON_LINES]
    schema = {**content["x-item-schema"], "components": description()["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    for line in answer.text.splitlines():
        validator.validate(json.loads(line))


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        (label, mode)
        for label in OPERATIONS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        # A question without parameters has nothing that can be wrong.
        if mode is GenerationMode.POSITIVE or label.startswith("POST")
    ],
)
def test_answers_are_as_described(served, store, remote, known, label, mode):
    """No 5xx, and no status, content type or body that the description does not have."""
    verb, path = label.split()
    operation = SCHEMA[path][verb]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.randoms(use_true_random=False))
    def ask(case, draw):
        if isinstance(case.body, dict | list):
            case.body = filled(case.body, known, draw)
        answer = case.call(base_url=served.url)
        case.validate_response(answer, checks=CHECKS)
        if JSON_LINES in answer.headers.get("content-type", [""])[0]:
            check_lines(answer, description()["paths"][path][verb.lower()])

    ask()


def test_every_endpoint_is_described():
    """With its method, and none that is not there."""
    with SqliteTraceServer(":memory:") as server:
        routes = [each for each in make_app(server).routes if hasattr(each, "methods")]
    found = {f"{verb} {each.path}" for each in routes for verb in each.methods - {"HEAD"}}
    assert found == set(OPERATIONS)
