"""A trace server behind HTTP in this process, for tests: real sockets, one thread for all of them."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import httpx2
import uvicorn

from weave_lite.serve.app import make_app
from weave_lite.serve.protocol import WatchfulProtocol
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer


class Served:
    """A web server whose application can be exchanged.

    Args:
        protocol: The class of its connections.

    Attributes:
        url: Where it listens.
        address: The same, for a socket.
        http: A client for raw requests.
    """

    def __init__(self, protocol=WatchfulProtocol):
        self.app = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = self._socket.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        config = uvicorn.Config(
            self._call,
            interface="asgi3",
            http=protocol,
            ws="none",
            lifespan="off",
            log_level="error",
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        self.http = httpx2.Client(base_url=self.url, verify=False, timeout=60)

    async def _call(self, scope, receive, send):
        await self.app(scope, receive, send)

    @contextmanager
    def serving(self, server, **options):
        """Serve a trace server inside the block; gives a client of it."""
        self.app = make_app(server, **options)
        # The certificates of a usual transport take 40 ms to load, and nothing here needs them.
        client = RemoteHTTPTraceServer(self.url, transport=httpx2.HTTPTransport(verify=False))
        client._http._policy.first_wait_s = 0.01
        try:
            yield client
        finally:
            client.close()
            self.app = None

    def stop(self):
        """End the thread."""
        self.http.close()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
