"""Looks over the indexes that the user made: are their parts there, and do they know what is stored.

Only reads. Knows no report; it gives texts.
"""

# ruff: noqa: S608 - statements are made of our names, integers and checked paths

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from weave_lite.trace_server.query.index_keys import checked_path
from weave_lite.trace_server.query.trigrams import trigrams
from weave_lite.trace_server.store import index_upkeep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

__all__ = ["problems"]

_PART: Final = re.compile(r"index_(\d+)_(?:keys|by_key|text|gone|pending|after_\w+)\Z")
# Of a document so many first characters are looked for in an index for text search.
_START: Final = 200
# Each takes milliseconds in a large store, so not all are looked for.
_SAMPLES: Final = 100
_REMEDY: Final = "make it anew: weave-lite index drop {0} && weave-lite index add {0}"


def problems(raw: sqlite3.Connection, *, deep: bool) -> Iterator[str]:
    """List what is wrong with indexes; each text says what helps.

    Args:
        raw: The driver's connection, which may be read-only.
        deep: Compare what they know with every document.
    """
    numbers = dict(raw.execute("SELECT path, pk FROM path_indexes"))
    have = {name for (name,) in raw.execute("SELECT name FROM sqlite_schema")}
    parts = {name: int(found[1]) for name in have if (found := _PART.match(name))}
    orphans = sorted(name for name, number in parts.items() if number not in numbers.values())
    if orphans:
        yield f"{len(orphans)} parts belong to no index: {', '.join(orphans)}"
    for path, number in sorted(numbers.items()):
        remedy = _REMEDY.format(path)
        missing = sorted(set(index_upkeep.part_names(path, number)) - have)
        if missing:
            yield f"the index on {path} lacks {', '.join(missing)}; {remedy}"
            continue
        check = _text_problems if "." not in path else _key_problems
        wrong = check(raw, path, number) if deep else 0
        if wrong:
            yield f"the index on {path} is wrong about {wrong} documents; {remedy}"


def _key_problems(raw: sqlite3.Connection, path: str, number: int) -> int:
    """Count the keys that a document does not have, and those that it has and the index does not."""
    name = f"index_{number}"
    noted = f"pk NOT IN (SELECT pk FROM {name}_pending)"
    right = (
        f"SELECT pk, project, key FROM ({index_upkeep.keys_sql(path)})"
        f" WHERE key IS NOT NULL AND {noted}"
    )
    known = f"SELECT pk, project, key FROM {name}_keys"
    both = (f"{known} EXCEPT {right}", f"{right} EXCEPT {known}")
    wrong = " UNION ".join(f"SELECT pk FROM ({rows})" for rows in both)
    ((count,),) = raw.execute(f"SELECT count(*) FROM ({wrong})").fetchall()
    return int(count)


def _text_problems(raw: sqlite3.Connection, path: str, number: int) -> int:
    """Count the documents of a sample that text search does not find by their own beginning."""
    column, _ = checked_path(path)
    name = f"index_{number}"
    ((last,),) = raw.execute(f"SELECT coalesce(max(pk), 0) FROM {index_upkeep.table_of(path)}")
    documents = raw.execute(
        f"SELECT pk, substr({column}, 1, {_START}) FROM {index_upkeep.table_of(path)}"
        f" WHERE pk % ? = 0 AND {column} IS NOT NULL"
        f" AND pk NOT IN (SELECT pk FROM {name}_pending)",
        (last // _SAMPLES + 1,),
    )
    find = f"SELECT 1 FROM {name}_text WHERE {name}_text MATCH ? AND rowid = ?"
    wrong = 0
    for pk, text in documents:
        words = trigrams(text, ignore_case=False)
        if words is not None and raw.execute(find, (words, pk)).fetchone() is None:
            wrong += 1
    return wrong
