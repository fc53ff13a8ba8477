"""The only package that executes SQL; every function takes a connection first."""
