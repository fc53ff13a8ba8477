"""Connections that get on: whoever holds one without sending or taking anything loses it.

Uvicorn watches only over connections between two requests. This one also ends half a head, the rest
of a body that nobody reads, and answers that nobody takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["WatchfulProtocol"]


class WatchfulProtocol(H11Protocol):
    """The protocol of one connection.

    Attributes:
        head_s: How long the head of a request may take, from its first byte.
        stalled_s: How long an answer may wait for someone to take a part of it.
    """

    head_s = 15.0
    stalled_s = 60.0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: the first head is due."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the clock runs while they are no whole head."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Stop taking answers, and watch whether they leave."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """Take answers again, since some were taken; watch the rest."""
        super().resume_writing()
        self._watch_writing()

    def on_response_complete(self) -> None:
        """Wait for the next request, and watch whether the answer leaves."""
        super().on_response_complete()
        self._watch_writing()

    def _watch_head(self) -> None:
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if is_busy and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        elif not is_busy and self._head_timer is None:
            # Set once for a head, however many pieces it comes in.
            self._head_timer = self.loop.call_later(self.head_s, self._end_head)

    def _end_head(self) -> None:
        self._head_timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()

    def _watch_writing(self) -> None:
        """Look again later, if bytes are waiting to be taken."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        waiting = self.transport.get_write_buffer_size()
        if waiting:
            self._write_timer = self.loop.call_later(self.stalled_s, self._end_writing, waiting)

    def _end_writing(self, waited: int) -> None:
        """Break off if nothing was taken since; closing would wait for what is left."""
        self._write_timer = None
        if self.transport.get_write_buffer_size() >= waited:
            self.transport.abort()
        else:
            self._watch_writing()
