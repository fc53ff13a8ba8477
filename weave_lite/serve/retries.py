"""Answers that were given, by the id of the request: a client that missed one asks again."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["GivenAnswers", "id_of_retry"]

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


def id_of_retry(retry_id: str) -> str:
    """Make the id of what a request stores, the same for each attempt, also after a restart."""
    digest = hashlib.sha256(retry_id.encode("utf-8", "replace")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))
