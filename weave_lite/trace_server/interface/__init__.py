"""Requests, responses and one Protocol per aggregate. The door is ``trace_server_interface``."""
