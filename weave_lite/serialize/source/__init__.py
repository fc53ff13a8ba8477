"""The source of an op as a file that can be loaded: finding it, what it needs, writing, running.

Only `codecs.op_code` uses it, and loads it with the first op that is published.
"""
