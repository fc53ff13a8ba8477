"""The table of the benchmarks, and that each of its rows is measured."""

from __future__ import annotations

from measures import ASKED, GROUPS
from subjects import FOLDER
from table import shown, table

MEASURES = {measure.key: measure for group in GROUPS.values() for measure in group}


def report(**values):
    """The report of a run: by ``measure__subject``, what was found."""
    return {
        "benchmarks": [
            {
                "stats": {"min": info.get("value", 7.0)},
                "extra_info": dict(zip(("measure", "subject"), name.split("__"), strict=True))
                | info,
            }
            for name, info in values.items()
        ]
    }


def test_rows():
    """Times, shares and sizes with their ratios; an indexed row stands against the unindexed one."""
    text = table(
        report(
            first_trace__ours={},
            write_threads__ours={"value": 2e-5, "lost": 0.0},
            write_threads__reference={"value": 2e-3, "lost": 0.057},
            count_eq__reference={"value": 1.0},
            iterate_client__ours={"value": 0.8},
            iterate_server__ours={"value": 1.0},
            to_pandas__ours={"value": 1.2},
            indexed_count_eq__ours={"value": 0.002},
            indexed_count_eq__limit={"value": 0.001},
            size__ours={"value": 3000.4},
            size__reference={"value": 6000.8},
        )
    )
    assert text.splitlines()[2:] == [
        "| **Start** | | | | | | | |",
        "| process start to first durable trace | 7.0 s | – | – | 4 | 6 | – | – |",
        "| **Tracing** | | | | | | | |",
        "| op in 4 threads, until durable | 20.0 µs | 2.0 ms | 100 | 60 | 120 | – | – |",
        "| **Records lost** | | | | | | | |",
        "| of 4 threads | 0 % | 5.7 % | – | 0 % | 0 % | – | – |",
        "| **Finding calls** | | | | | | | |",
        "| iterate 100,000 calls, client | 800 ms | – | – | 12 | 40 | – | – |",
        "| iterate 100,000 calls, server | 1.0 s | – | – | 3 | 8 | – | – |",
        "| **Finding calls with `weave-lite index`** | | | | | | | |",
        "| count `$eq` | 2.0 ms | 1.0 s | 500 | 300 | 300 | 1.0 ms | 2.0 |",
        "| **Evaluations, tests, frames** | | | | | | | |",
        (
            "| `to_pandas` of 100,000 calls (× iterate, server and client) | 1.2 s (1.2 ×, 1.5 ×) "
            "| – | – | 2 × iterate | 1.2 × iterate | – | – |"
        ),
        "| **Space** | | | | | | | |",
        "| bytes a call in the file | 3,000 B | 6,001 B | 2.0 | 0.9 | 1 | – | – |",
    ]


def test_units():
    """Each value has the unit that keeps it short."""
    seconds = [shown(value, "s") for value in (86.4, 0.1543, 3.2e-6, 131e-9)]
    assert seconds == ["86.4 s", "154 ms", "3.2 µs", "131 ns"]
    assert [shown(value, "%") for value in (0, 0.12, 0.0571)] == ["0 %", "12 %", "5.7 %"]


def test_every_row_is_measured():
    """Keys are unique, those that are named exist, and every subject has the methods it is asked for."""
    assert len(MEASURES) == sum(len(group) for group in GROUPS.values())
    named = {name for m in MEASURES.values() for name in (m.of, m.against, *m.beside)}
    assert named - {""} <= set(MEASURES)

    def source(*patterns):
        return "".join(f.read_text() for pattern in patterns for f in FOLDER.glob(pattern))

    ours, limit = source("sdk_*.py", "ours_*.py"), source("limit_*.py")
    reference = source("sdk_*.py", "reference_*.py")
    for measure in ASKED:
        method = f"def {measure.key}("
        assert method in ours
        assert method in limit or not measure.has_limit
        assert method in reference or not measure.has_reference or measure.against
