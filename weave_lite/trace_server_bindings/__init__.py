"""The HTTP face: its routes, which client and server both read, and the client."""
