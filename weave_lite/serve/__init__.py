"""The trace server behind HTTP, for clients of every generation. Needs the extra ``serve``."""
