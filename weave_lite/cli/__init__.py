"""The command line `weave-lite`; talks to the trace server interface, never SQL."""
