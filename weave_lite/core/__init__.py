"""The vocabulary of weave_lite: errors, refs, digests, ids, clock, names and JSON text.

Imports nothing else of the package and does no I/O.
"""
