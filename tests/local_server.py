"""A server on this machine for a while, for clients of any wire. A plain module: several tests use it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """Says nothing of its requests, and nothing of clients that give up, as some tests want."""

    def log_message(self, format, *args):
        """Stay quiet."""

    def handle(self):
        """Handle a connection; one may be broken."""
        try:
            super().handle()
        except ConnectionError:
            pass


@contextmanager
def running(handler):
    """Run a server for a while; gives the server, which its handlers have as ``self.server``."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield httpd
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
