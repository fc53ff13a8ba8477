"""Turn the JSON of a benchmark run into the table of the README.

Run: ``python tests/benchmarks/table.py bench.json`` prints it; ``--readme README.md`` writes it between
the two marks there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from measures import MEASURES, Measure

BEGIN = "<!-- benchmarks: begin -->"
END = "<!-- benchmarks: end -->"
PROCESS = [
    Measure("import", "`import`, whole process", 30, 45),
    Measure("first_trace", "process start to first durable trace", 4, 6),
]


def duration(seconds: float) -> str:
    """Seconds as text with a unit."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.{0 if seconds * factor >= 100 else 1}f} {unit}"
    return f"{seconds * 1e9:,.0f} ns"


def factor(value: float) -> str:
    """A ratio as text."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def table(report: dict) -> str:
    """The table as Markdown."""
    medians, sizes = {}, {}
    for benchmark in report["benchmarks"]:
        info = benchmark["extra_info"]
        medians[info["measure"], info["subject"]] = benchmark["stats"]["median"]
        if info["measure"] == "size":
            sizes[info["subject"]] = info
    lines = [
        "| measure | ours | upstream | faster by | bar | limit | ours ÷ limit |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for measure in PROCESS + MEASURES:
        ours = medians.get((measure.key, "ours"))
        if ours is None:
            continue
        ours = max(ours, 1e-9)
        upstream = medians.get((measure.key, "reference"))
        limit = medians.get((measure.key, "limit"))
        lines.append(
            f"| {measure.label} | {duration(ours)} | {duration(upstream) if upstream else '–'} "
            f"| {factor(upstream / ours) if upstream else '–'} | {measure.bar:,} "
            f"| {duration(limit) if limit else '–'} | {factor(ours / limit) if limit else '–'} |"
        )
    for key, label, unit in (
        ("size_bytes", "bytes a call in the file", "B"),
        ("peak_mb", "peak memory, iterating 100,000 calls", "MB"),
    ):
        cells = {name: f"{info[key]:,.0f} {unit}" for name, info in sizes.items()}
        if "ours" in cells:
            smaller = (
                factor(sizes["reference"][key] / sizes["ours"][key])
                if "reference" in sizes
                else "–"
            )
            lines.append(
                f"| {label} | {cells['ours']} | {cells.get('reference', '–')} | {smaller} "
                f"| {'0.9' if key == 'size_bytes' else '20'} | {cells.get('limit', '–')} | "
                f"{factor(sizes['ours'][key] / sizes['limit'][key])} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    text = table(json.loads(Path(sys.argv[1]).read_text()))
    if "--readme" in sys.argv:
        readme = Path(sys.argv[sys.argv.index("--readme") + 1])
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    else:
        sys.stdout.write(text + "\n")
