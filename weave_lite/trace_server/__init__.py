"""The trace server: its interface, and the embedded store behind it."""
