"""Other libraries as sources of calls. Each is loaded only when it is asked for by name."""
