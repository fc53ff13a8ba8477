"""The SDK: ops, calls, publishing and the client. Sees the server only as an interface."""
