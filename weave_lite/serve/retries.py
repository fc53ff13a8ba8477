"""Answers that were given, by the id of the request: a client that missed one asks again."""

from __future__ import annotations

import hashlib
import itertools
import threading
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

__all__ = ["GivenAnswers", "ids_of_retry", "name_parts"]

_MOST: Final = 1_000
_MAX_BYTES: Final = 16 * 1024
_MAX_ID_LENGTH: Final = 128


class GivenAnswers:
    """The last answers, as long as the process lives. Safe to share by threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], Response] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, path: str, retry_id: str | None) -> Response | None:
        """Find the answer to a request that was answered already."""
        if not retry_id:
            return None
        with self._lock:
            return self._answers.get((path, retry_id))

    def keep(self, path: str, retry_id: str | None, answer: Response) -> None:
        """Keep an answer, if it is small."""
        if not retry_id or len(retry_id) > _MAX_ID_LENGTH or len(answer.body) > _MAX_BYTES:
            return
        with self._lock:
            self._answers[path, retry_id] = answer
            while len(self._answers) > _MOST:
                self._answers.popitem(last=False)


def ids_of_retry(retry_id: str) -> Iterator[str]:
    """Make the ids of what a request stores, the same for each attempt, also after a restart.

    They sort in their order, as all ids do: what is stored in one instant is found in it.
    """
    digest = hashlib.sha256(retry_id.encode("utf-8", "replace")).digest()
    for number in itertools.count():
        yield str(uuid.UUID(bytes=digest[:12] + number.to_bytes(4), version=5))


def name_parts(document: Any, retry_id: str) -> None:
    """Give feedback that has no id one of the request, in place, be it one or a batch.

    Args:
        document: The request.
        retry_id: Its id.
    """
    if not isinstance(document, dict):
        return
    batch = document.get("batch")
    parts = batch if isinstance(batch, list) else [document]
    for part, made in zip(parts, ids_of_retry(retry_id), strict=False):
        if isinstance(part, dict) and part.get("id") is None:
            part["id"] = made
