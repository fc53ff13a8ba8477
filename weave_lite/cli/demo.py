"""The command ``demo``: traces a real program and shows what can be seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from weave_lite.cli.options import DbOption, screen

if TYPE_CHECKING:
    from rich.console import Console

    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["demo"]

PROJECT = "demo"
WEAK_SCORE = 4.5


def demo(db: DbOption = None) -> None:
    """Answer twenty questions from Python's own manual, traced, and show the traces."""
    from weave_lite import api  # noqa: PLC0415 - help needs no store
    from weave_lite.cli import demo_program as program  # noqa: PLC0415 - loads pydantic

    client = api.init(PROJECT, db=db)
    settings = program.RetrievalSettings(name="retrieval-settings")
    api.publish(settings)
    api.publish(program.QUESTIONS)
    passages = program.index(settings)
    right = 0
    for row in program.QUESTIONS:
        right += program.answer(row["question"], row["topic"], passages, settings)["is_right_topic"]
    console = screen()
    count = len(program.QUESTIONS)
    console.print(f"{right} of {count} answers come from the topic that was expected.\n")
    _show_tree(console, client)
    _show_roots(console, client)
    _show_weak(console, client)
    console.print("\nGo on with: weave-lite calls | weave-lite show ID | weave-lite tree ID")
    api.finish()


def _title(console: Console, code: str) -> None:
    console.print(Rule(Text(code, style="bold"), align="left", style="dim"))


def _show_tree(console: Console, client: WeaveClient) -> None:
    from weave_lite.display.call_tree import call_tree  # noqa: PLC0415 - loads rich's tree
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    newest = [tsi.SortBy(field="started_at", direction="desc")]
    (root,) = client.get_calls(
        filter=tsi.CallsFilter(trace_roots_only=True), sort_by=newest, limit=1
    )
    _title(console, f"weave-lite tree {root.id}")
    request = tsi.CallsQueryReq(
        project_id=client.project_id, filter=tsi.CallsFilter(trace_ids=[root.trace_id])
    )
    found = client.server.calls_query_stream(request)
    console.print(call_tree(found, str(root.id)), no_wrap=True, overflow="ellipsis")


def _show_roots(console: Console, client: WeaveClient) -> None:
    from weave_lite.display.calls_table import calls_table  # noqa: PLC0415 - loads rich's table
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415

    _title(console, "weave-lite calls --trace-roots --limit 8")
    request = tsi.CallsQueryReq(
        project_id=client.project_id,
        filter=tsi.CallsFilter(trace_roots_only=True),
        sort_by=[tsi.SortBy(field="started_at", direction="desc")],
        limit=8,
    )
    console.print(calls_table(client.server.calls_query_stream(request)))


def _show_weak(console: Console, client: WeaveClient) -> None:
    query = {
        "$expr": {
            "$and": [
                {"$eq": [{"$getField": "summary.weave.trace_name"}, {"$literal": "answer"}]},
                {"$not": [{"$gte": [{"$getField": "output.score"}, {"$literal": WEAK_SCORE}]}]},
            ]
        }
    }
    sort = [{"field": "output.score", "direction": "asc"}]
    _title(console, f"client.get_calls(query=…): answers with output.score < {WEAK_SCORE}")
    for call in client.get_calls(query=query, sort_by=sort, limit=5):
        console.print(Text(f"{call.output['score']:.2f}  {call.inputs['question']}"))
