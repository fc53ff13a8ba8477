"""The query language as SQL expressions. Pure: no engine, no connection."""
