"""Running the application by uvicorn, on one socket, until the process is told to end."""

from __future__ import annotations

import errno
import gc
import logging
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from weave_lite.core.errors import UsageError
from weave_lite.serve.app import make_app
from weave_lite.serve.protocol import WatchfulProtocol
from weave_lite.serve.security import check_binding
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["TIME_LIMIT_S", "serve"]

TIME_LIMIT_S: Final = 5.0
_MAX_CONNECTIONS: Final = 2_000
# The store's own, and what is loaded.
_OTHER_FILES: Final = 128


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[int], object]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start(self.servers[0].sockets[0].getsockname()[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order; a second interrupt ends at once. Nobody is killed by the signal again."""
        del frame
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} of {host} is taken; is another server running? Choose another --port, "
                "or 0 for a free one"
            ) from None
        # The text of the error repeats the address after its reason.
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise UsageError(
            f"cannot listen at {host} port {port}: {reason}; choose another --host or --port"
        ) from None
    # Connections inherit it. Else an answer of two parts waits 40 ms for the client's receipt.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _connections_allowed() -> int:
    """Let the process open more files, where systems begin at 256 or 1024; each connection is one.

    Returns:
        How many connections there may be.
    """
    try:
        import resource  # noqa: PLC0415 - not everywhere
    except ImportError:
        return _MAX_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    return max(1, min(_MAX_CONNECTIONS, soft - _OTHER_FILES))


def serve(
    place: str,
    *,
    host: str = "127.0.0.1",
    port: int = 6345,
    token: str | None = None,
    on_start: Callable[[int], object] = int,
) -> None:
    """Serve a store until the process is told to end.

    Args:
        place: Path of the store's file, or ``":memory:"``. Other processes may write it meanwhile.
        host: Address to listen at; others than this machine's need a token.
        port: Port to listen at; 0 takes any free one.
        token: What clients must know.
        on_start: Told the port once it listens.

    Raises:
        UsageError: The host needs a token, or the port is taken.
        StoreError: The store cannot be opened.
    """
    check_binding(host, token)
    # A large body is a million values that live as long as their request: looking at them again
    # and again took four times as long as reading them.
    gc.set_threshold(50_000, 20, 20)
    # It writes down parts of forms that it cannot read.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    listening = _listen(host, port)
    with listening, SqliteTraceServer(place, time_limit_s=TIME_LIMIT_S) as server:
        config = uvicorn.Config(
            make_app(server, token=token),
            host=host,
            port=port,
            http=WatchfulProtocol,
            ws="none",
            lifespan="off",
            # Request lines could hold what is secret.
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_connections_allowed(),
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
        _Server(config, on_start).run(sockets=[listening])
