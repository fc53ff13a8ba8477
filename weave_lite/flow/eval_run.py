"""What is known once for all rows while an evaluation runs, and the URIs that its records carry."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from weave_lite.core.errors import UsageError
from weave_lite.flow.scoring import prepare
from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.table import Table
from weave_lite.trace.table_rows import encoded_rows
from weave_lite.trace.values.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from weave_lite.flow.asked_op import AskedOp
    from weave_lite.flow.scoring import PreparedScorer
    from weave_lite.trace.weave_client import WeaveClient

__all__ = [
    "EvalRun",
    "Example",
    "column_uris",
    "current_example",
    "examples_of",
    "prepare_all",
    "score_uris",
    "uri_of_saved",
]


class _SameNameError(UsageError, ValueError):
    """Two scorers of an evaluation have one name."""


@dataclass(slots=True)
class EvalRun:
    """An evaluation of one model.

    Attributes:
        evaluation: The evaluation.
        given: The model, as it was given.
        model: The model, looked at.
        scorers: The scorers, looked at.
        output_key: The key of results under which the output stands.
        client: Where it is traced; None when it is not.
        in_thread: Whether functions that are not async go to worker threads.
        uris: Where evaluation and model are stored, by parameter.
        failed: How many rows had a model that failed.
    """

    evaluation: Any
    given: Any
    model: AskedOp
    scorers: list[PreparedScorer]
    output_key: str
    client: WeaveClient | None
    in_thread: bool = True
    uris: dict[str, str] = field(default_factory=dict)
    failed: int = 0


class Example(NamedTuple):
    """A row of the dataset, once per trial.

    Attributes:
        row: Column -> value.
        uri: Where it is stored; None when nothing is traced.
    """

    row: dict[str, Any]
    uri: str | None


# The example that is asked about, while it is.
current_example: ContextVar[Example | None] = ContextVar("current_example", default=None)


def prepare_all(scorers: Sequence[Any]) -> list[PreparedScorer]:
    """Look at the scorers of one row, whose scores stand side by side.

    Raises:
        ValueError: One cannot score, or two have one name.
        OpCallError: The ``score`` of one takes no output.
    """
    prepared = [prepare(scorer) for scorer in scorers]
    names = [each.name for each in prepared]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _SameNameError(
            f"two scorers are named {twice[0]!r}, and scores stand under the name; give one "
            "another: Scorer(name=...), or @weave.op(name=...)"
        )
    return prepared


def uri_of_saved(client: WeaveClient, value: Any) -> str:
    """Save an object or op, if it is not saved, and give its URI."""
    return client.publisher.save_object(value)


def examples_of(dataset: Any, trials: int, client: WeaveClient | None) -> Iterator[Example]:
    """Give each row of a dataset, with its URI, as often as there are trials.

    Args:
        dataset: A dataset; it is saved, when it is not.
        trials: How often.
        client: Where to save it; None gives no URIs.
    """
    rows = dataset.rows
    for _ in range(trials):
        if client is None:
            for row in rows:
                yield Example(row, None)
            continue
        origin = f"{uri_of_saved(client, dataset)}/attr/rows/id/"
        if isinstance(rows, Table):
            digests = encoded_rows(rows, client.publisher)[0]
            for row, digest in zip(rows, digests, strict=True):
                yield Example(row, origin + digest)
            continue
        for row in rows:
            ref = row.ref if isinstance(row, Row) and not row.is_changed() else None
            if ref is not None and ref.project_id == client.project_id:
                yield Example(dict(row), ref.uri())
            else:
                yield Example(dict(row), origin + encoded_rows([row], client.publisher)[0][0])


def column_uris(example: Mapping[str, Any]) -> dict[str, str]:
    """Give the URIs of the columns of an example, when it is the one that is asked about."""
    asked = current_example.get()
    if asked is None or asked.uri is None or asked.row is not example:
        return {}
    return {name: asked.uri + _key(name) for name in example if isinstance(name, str)}


def score_uris(
    table: Any, names: Iterable[str], client: WeaveClient | None
) -> Mapping[str, list[str]]:
    """Give the URIs of all scores in a table of results, by the name of the scorer."""
    if client is None or get_current_call() is None:
        return {}
    origin = f"{uri_of_saved(client, table)}/attr/rows/id/"
    items = [
        f"{origin}{digest}/key/scores" for digest in encoded_rows(table.rows, client.publisher)[0]
    ]
    return {name: [item + _key(name) for item in items] for name in names}


@lru_cache(maxsize=1000)
def _key(name: str) -> str:
    return f"/key/{quote(name, safe='')}"
