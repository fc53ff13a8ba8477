"""The unmodified official TypeScript SDK does the basic job against ``weave-lite serve``, both ways.

Needs ``WEAVE_LITE_NODE_FOLDER``, a folder where npm installed it, as ``.ci/interop`` makes it.
"""

from __future__ import annotations

import json
import os

import pytest
from official_clients import NODE_FOLDER, OURS, PYTHONS, differences, pointed_at, run_job
from typer.testing import CliRunner

import weave_lite
from weave_lite.cli.main import app as cli
from weave_lite.core.errors import NotSupportedError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

pytestmark = pytest.mark.interop
PROJECT = "acme/ts"


def typescript_job(name, url, folder, *given):
    return run_job(
        "typescript",
        name,
        os.environ[NODE_FOLDER],
        PROJECT,
        *given,
        folder=folder,
        **pointed_at(url),
    )


def read_job(version, file, url, folder):
    told = run_job(
        version,
        "read_job.py",
        PROJECT,
        "settings,questions",
        folder=folder,
        **pointed_at(url),
        WEAVE_LITE_DB=str(file),
    )
    told.pop("version")
    return told


def check_by_ours(client, told):
    outer = client.get_call(told["outer"])
    assert (dict(outer.inputs), outer.output) == ({"arg0": 3}, 8)
    assert outer.attributes["team"] == "blue"
    assert [(child.inputs, child.output) for child in outer.children()] == [
        ({"arg0": 3, "arg1": 1}, 4)
    ]
    direct = client.get_call(told["direct"])
    assert direct.output == {"text": "HI", "parts": [1, None, "é"]}
    assert [each.payload for each in direct.feedback] == [{"output": {"right": True}}]
    by_name = {call.op_name.split("/")[-1].split(":")[0]: call for call in client.get_calls()}
    assert by_name["stream"].output == [0, 1, 2]
    assert "no" in by_name["fail"].exception
    assert by_name["picture"].output.size == (1, 1)
    assert by_name["Evaluation.evaluate"].output == {"accuracy": 1}
    assert by_name["exact.score"].output is True


def check_objects(told):
    assert weave_lite.ref(told["settings"]).get() == {"model": "small", "temperature": 0.5}
    dataset = weave_lite.ref(told["dataset"]).get()
    assert isinstance(dataset, weave_lite.Dataset)
    assert (dataset.name, dataset.description) == ("questions", "three")
    expected = [{"question": each, "expected": each + "!"} for each in "abc"]
    assert [dict(row) for row in dataset.rows] == expected
    assert weave_lite.ref(told["prompt"]).get().format(name="you") == "Hello you"
    op = weave_lite.ref(told["op"]).get()
    with pytest.raises(NotSupportedError, match="stored code is not run"):
        op(1, 2)


def test_typescript_client_does_the_basic_job(served, tmp_path):
    """Ours reads what it stored: calls, feedback, a dataset, an evaluation, media."""
    file, url = served
    told = typescript_job("official_job.mjs", url, tmp_path)
    assert told["version"] == "0.11.1"
    assert told["result"]["right"] == {"true_count": 2, "true_fraction": 2 / 3}
    client = weave_lite.init(PROJECT, db=file)
    try:
        assert len(client.get_calls()) == told["calls"]
        check_by_ours(client, told)
        check_objects(told)
    finally:
        weave_lite.finish()


def test_cli_shows_an_evaluation_of_typescript(served, tmp_path):
    """Its rows, under the name that they have there."""
    file, url = served
    told = typescript_job("official_job.mjs", url, tmp_path)
    place = ["--db", str(file), "--project", PROJECT]
    found = CliRunner().invoke(cli, ["evals", "show", told["evaluation"], *place, "--json"])
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert sorted((row["output"], row["scores"]["right"]) for row in rows) == [
        ("a!", True),
        ("b!", True),
        ("c?", False),
    ]
    assert sorted(row["example"]["question"] for row in rows) == ["a", "b", "c"]


def test_official_python_clients_read_what_typescript_wrote(served, tmp_path):
    """The same through each of them as through ours."""
    file, url = served
    typescript_job("official_job.mjs", url, tmp_path)
    through_ours = read_job(OURS, file, url, tmp_path)
    assert len(through_ours["calls"]) == 21
    assert len(through_ours["feedback"]) == 2
    for version in PYTHONS:
        found = read_job(version, file, url, tmp_path)
        assert differences(found, through_ours) == {}, version


def test_typescript_client_reads_what_ours_wrote(served, tmp_path):
    """Calls field by field as the store has them, and a dataset's rows."""
    file, url = served
    run_job(OURS, "official_job.py", PROJECT, folder=tmp_path, WEAVE_LITE_DB=str(file))
    with SqliteTraceServer(file) as server:
        query = tsi.CallsQueryReq(project_id=PROJECT, include_costs=True)
        calls = {each.id: each for each in server.calls_query(query).calls}
        objects = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs
    refs = {
        each.object_id: f"weave:///{PROJECT}/object/{each.object_id}:{each.digest}"
        for each in objects
        if each.object_id in ("plain", "questions", "settings")
    }
    told = typescript_job("read_job.mjs", url, tmp_path, ",".join(refs.values()))
    assert len(calls) == 333
    assert told["calls"] == {
        name: json.loads(call.model_dump_json()) for name, call in calls.items()
    }
    read = {name: told["objects"][uri] for name, uri in refs.items()}
    assert read["plain"] == {"a": [1, {"b": None}]}
    assert (read["settings"]["_class_name"], read["settings"]["temperature"]) == ("Settings", 0.75)
    assert [row["question"] for row in read["questions"]["rows"]] == list("abcd")
