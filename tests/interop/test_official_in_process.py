"""``weave_lite.official`` under the real packages: its sessions, errors, methods, and the fixture."""

from __future__ import annotations

import os
import subprocess

import pytest
from official_clients import PYTHONS, run_job

import weave_lite

pytestmark = pytest.mark.interop
PROJECT = "acme/own"
USER_TESTS = """
import weave
from weave.trace.context.weave_client_context import get_weave_client


@weave.op
def add(a, b):
    return a + b


def test_first(official_weave_client):
    assert add(1, 2) == 3
    official_weave_client.flush()
    assert [call.output for call in official_weave_client.get_calls()] == [3]


def test_second(official_weave_client):
    assert list(official_weave_client.get_calls()) == []
    assert weave.publish({"a": 1}, name="thing").get() == {"a": 1}


def test_without():
    add(1, 2)
    assert get_weave_client() is None
"""


def ask(version, step, folder, **environment):
    told = run_job(version, "in_process_job.py", step, folder=folder, **environment)
    assert told["version"] == version
    return told["told"]


def outputs(file):
    client = weave_lite.init(PROJECT, db=file)
    try:
        return sorted(call.output for call in client.get_calls())
    finally:
        weave_lite.finish()


@pytest.mark.parametrize("version", PYTHONS)
def test_a_program_that_just_ends_loses_nothing(version, tmp_path):
    """What it traced is stored, and the file is closed."""
    file = tmp_path / "own.db"
    ask(version, "leave", tmp_path, WEAVE_LITE_DB=str(file))
    assert [each.name for each in tmp_path.glob("own.db*")] == ["own.db"]
    assert outputs(file) == list(range(1, 51))


@pytest.mark.parametrize("version", PYTHONS)
def test_a_second_session_takes_over(version, tmp_path):
    """Each file has its own calls."""
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    ask(version, "change", tmp_path, WEAVE_LITE_DB=str(first), SECOND_DB=str(second))
    assert (outputs(first), outputs(second)) == ([2], [4])


@pytest.mark.parametrize("version", PYTHONS)
def test_threads_of_a_client_may_come_first_at_once(version, tmp_path):
    """The pydantic that 0.51.45 pins would give the second thread a model of the wrong class."""
    assert ask(version, "race", tmp_path) == ["Request", "Request"]


def test_errors_are_those_of_0_51(tmp_path):
    """Its classes of the same names, with their facts."""
    told = ask("0.51.45", "errors", tmp_path)
    home = "weave.trace_server.errors"
    assert {name: found[0] for name, found in told.items()} == {
        "absent": [f"{home}.NotFoundError", f"{home}.Error"],
        "deleted": [f"{home}.ObjectDeletedError", f"{home}.Error"],
        "name": [f"{home}.InvalidRequest", f"{home}.Error"],
    }
    assert told["deleted"][2].endswith("+00:00")


def test_errors_are_those_of_0_54(tmp_path):
    """What its HTTP client makes of the statuses."""
    told = ask("0.54.0", "errors", tmp_path)
    assert {name: found[0][0].rpartition(".")[2] for name, found in told.items()} == {
        "absent": "NotFoundError",
        "deleted": "NotFoundError",
        "name": "BadRequestError",
    }
    assert "was deleted" in told["deleted"][1]


@pytest.mark.parametrize("version", PYTHONS)
def test_methods_of_the_interface_are_answered(version, tmp_path):
    """All of 0.51; of 0.54 those that its SDK asks for, while pages of the hosted service are not."""
    found = ask(version, "methods", tmp_path)
    assert {"call_start", "calls_query_stream", "obj_read", "file_create"} <= set(found["answered"])
    if version == "0.51.45":
        assert found["refused"] == []
        return
    hosted = (
        *("agent_", "annotation_", "annotator_", "aliases_", "tags_", "dataset_", "eval_results_"),
        *("evaluation_", "evaluate_", "model_", "prediction_", "score_", "scorer_", "rescore"),
        *("source_datasets", "project_", "projects_info", "threads_", "trace_usage", "call_stats"),
        *("calls_score", "calls_usage", "custom_runtime", "feedback_aggregate", "feedback_stats"),
        *("feedback_payload_schema", "image_create", "obj_add_tags", "obj_remove_", "obj_set_"),
        *("op_create", "op_delete", "op_list", "op_read", "server_info"),
        "completions_create_stream",
    )
    assert [name for name in found["refused"] if not name.startswith(hosted)] == []


@pytest.mark.parametrize("version", PYTHONS)
def test_the_fixture_isolates_tests(version, tmp_path):
    """Users' tests with ``official_weave_client``, in the package's own environment."""
    (tmp_path / "test_user.py").write_text(USER_TESTS)
    found = subprocess.run(
        [os.environ[PYTHONS[version]], "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
    assert "3 passed" in found.stdout
