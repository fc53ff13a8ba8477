"""Unmodified official clients do the basic job, and what a store holds looks the same through each.

Against ``weave-lite serve``, and in process; ours runs the very same jobs, as ``weave``.
"""

from __future__ import annotations

import pytest
from official_clients import OURS, PYTHONS, differences, listening, pointed_at, run_job, serving

import weave_lite

pytestmark = pytest.mark.interop
NAMES = "settings,settings:v0,plain,questions,larger,Upper,a_model,absent,gone"


def official_job(version, folder, *options, **environment):
    told = run_job(version, "official_job.py", "acme/job", *options, folder=folder, **environment)
    assert version in (OURS, told["version"])
    return told


def read_job(version, folder, names=NAMES, **environment):
    told = run_job(version, "read_job.py", "acme/job", names, folder=folder, **environment)
    assert told.pop("version") == version or version == OURS
    return told


def questions(count=4):
    answers = ["A!", "B!", "C!", "no"]
    found = [{"question": q, "expected": a} for q, a in zip("abcd", answers, strict=True)]
    return found[:count]


def check_by_ours(file, told):
    """What the official client stored is what ours reads."""
    client = weave_lite.init("acme/job", db=file)
    try:
        assert len(client.get_calls()) == told["calls"]
        outer = client.get_call(told["outer"])
        assert (outer.display_name, outer.inputs["n"], outer.output) == ("renamed", 3, 8)
        assert outer.attributes["team"] == "blue"
        assert [(child.inputs, child.output) for child in outer.children()] == [
            ({"a": 3, "b": 1}, 4)
        ]
        check_chat(client.get_call(told["chat"], include_costs=True, include_feedback=True))
        assert weave_lite.ref("plain").get() == {"a": [1, {"b": None}]}
        assert weave_lite.ref(told["settings"]).get().model == "small"
        assert [dict(row) for row in weave_lite.ref("questions").get().rows] == questions()
        assert [dict(row) for row in weave_lite.ref("questions:v0").get().rows] == questions(3)
        assert [row["n"] for row in weave_lite.ref("larger").get().rows] == list(range(2500))
        assert weave_lite.ref("add").get(allow_stored_code=True)(2, 2) == 4
        check_evaluations(client)
    finally:
        weave_lite.finish()


def check_chat(call):
    costs = call.summary["weave"]["costs"]["tiny-1"]
    assert (costs["prompt_tokens"], float(costs["prompt_tokens_total_cost"])) == (100, 50.0)
    assert float(costs["completion_tokens_total_cost"]) == 20.0
    assert sorted(str(each.payload) for each in call.feedback) == [
        "{'emoji': '👍', 'alias': ':thumbs_up:', 'detoned': '👍', 'detoned_alias': ':thumbs_up:'}",
        "{'note': 'good'}",
    ]


def check_evaluations(client):
    evaluations = [
        call for call in client.get_calls() if "/op/Evaluation.evaluate:" in call.op_name
    ]
    first, by_hand = evaluations
    assert first.output["IsRight"] == {"right": {"true_count": 3, "true_fraction": 0.75}}
    assert by_hand.output.get("output", by_hand.output)["accuracy"] == 1.0
    rows = [
        child for child in first.children() if "/op/Evaluation.predict_and_score:" in child.op_name
    ]
    assert sorted((row.output["output"], row.output["scores"]["length"]) for row in rows) == [
        ("A!", 2),
        ("B!", 2),
        ("C!", 2),
        ("D!", 2),
    ]


@pytest.mark.parametrize("version", PYTHONS)
def test_official_client_does_the_basic_job_over_http(version, served, tmp_path):
    """An unmodified client only has variables set, and ours reads what it stored."""
    file, url = served
    check_by_ours(file, official_job(version, tmp_path, **pointed_at(url)))


@pytest.mark.parametrize("version", PYTHONS)
def test_official_client_does_the_basic_job_in_process(version, tmp_path):
    """With ``weave_lite.official.init`` there is no server, and nothing is asked of the network."""
    file = tmp_path / "own.db"
    notes = tmp_path / "notes.txt"
    told = official_job(
        version,
        tmp_path,
        "--in-process",
        WEAVE_LITE_DB=str(file),
        NETWORK_NOTES=str(notes),
    )
    assert not notes.exists(), notes.read_text()
    assert sorted(each.name for each in tmp_path.glob("own.db*")) == ["own.db"]
    check_by_ours(file, told)


@pytest.mark.parametrize("writer", [*PYTHONS, OURS])
def test_a_project_looks_the_same_through_each_client(writer, served, tmp_path):
    """Calls whole, costs, feedback and objects; whoever wrote them."""
    file, url = served
    environment = pointed_at(url) | {"WEAVE_LITE_DB": str(file)}
    told = official_job(writer, tmp_path, **environment)
    through_ours = read_job(OURS, tmp_path, **environment)
    assert len(through_ours["calls"]) == told["calls"]
    assert through_ours["calls"][told["outer"]]["display_name"] == "renamed"
    assert through_ours["costs"] == [["tiny-1", 0.5, 2.0]]
    assert through_ours["objects"]["questions"] == questions()
    assert (through_ours["objects"]["absent"], through_ours["objects"]["gone"]) == (
        "does not exist",
        "was deleted",
    )
    for version in PYTHONS:
        found = read_job(version, tmp_path, **environment)
        assert differences(found, through_ours) == {}, version


@pytest.mark.parametrize("version", PYTHONS)
def test_official_client_runs_an_op_that_ours_stored(version, served, tmp_path):
    """The code that ours captured is whole."""
    file, url = served
    official_job(OURS, tmp_path, WEAVE_LITE_DB=str(file))
    called = read_job(version, tmp_path, "add()", **pointed_at(url))
    assert called["objects"] == {"add()": [4]}


@pytest.mark.parametrize("version", PYTHONS)
def test_a_token_is_what_the_client_sends_as_its_key(version, tmp_path):
    """The right one opens the store, another one does not."""
    token = "t" * 40
    with serving(tmp_path / "kept.db", "--token", token) as url:
        told = read_job(version, tmp_path, **pointed_at(url, token))
        assert told["calls"] == {}
        with pytest.raises(AssertionError, match=r"(?i)401|unauthori|permission|token|key"):
            read_job(version, tmp_path, **pointed_at(url, "w" * 40))


def test_serve_prints_the_variables_that_point_a_client_at_it(tmp_path):
    """Those that all tests here set; without one of them a client goes elsewhere or leaves data out."""
    with listening(tmp_path / "printed.db") as process:
        lines = [process.stderr.readline() for _ in range(3)]
    url = lines[0].split(" at ")[1].strip()
    printed = dict(each.split("=", 1) for each in lines[2].split("official SDK:")[1].split())
    assert printed == pointed_at(url, "x" * 40)
