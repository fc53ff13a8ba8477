"""Turn the JSON of a benchmark run into the table of the README.

Run: ``python tests/benchmarks/table.py bench.json`` prints it; ``--readme README.md`` writes it between
the two marks there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from measures import GROUPS, Measure

BEGIN = "<!-- benchmarks: begin -->"
END = "<!-- benchmarks: end -->"
NONE = "–"
HEAD = [
    "| measure | ours | upstream | better by | bar | reach | limit | ours ÷ limit |",
    "|---|--:|--:|--:|--:|--:|--:|--:|",
]


def shown(value: float, unit: str) -> str:
    """A value as text with its unit."""
    if unit == "%":
        return f"{value:.1%}".replace("%", " %").replace(".0 ", " ")
    if unit != "s":
        return f"{value:,.0f} {unit}"
    for name, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:,.{0 if value * factor >= 100 else 1}f} {name}"
    return f"{value * 1e9:,.0f} ns"


def ratio(value: float, other: float) -> str:
    """How many times ``other`` is in ``value``."""
    times = value / max(other, 1e-9)
    return f"{times:,.0f}" if times >= 10 else f"{times:.1f}"


def asked(value: float | str) -> str:
    """A bar as text."""
    return value if isinstance(value, str) else f"{value:,}"


def row(measure: Measure, answers: dict[tuple[str, str], dict[str, Any]]) -> str | None:
    """The row of a measure; None when ours was not measured."""

    def value(subject: str, key: str) -> float | None:
        return answers.get((key, subject), {}).get(measure.fact)

    own = measure.of or measure.key
    ours = value("ours", own)
    if ours is None:
        return None
    times = [f"{ratio(ours, value('ours', key) or ours)} ×" for key in measure.beside]
    shown_ours = shown(ours, measure.unit) + (f" ({', '.join(times)})" if times else "")
    upstream, limit = value("reference", measure.against or own), value("limit", own)
    is_share = measure.unit == "%"
    cells = [
        measure.label,
        shown_ours,
        NONE if upstream is None else shown(upstream, measure.unit),
        NONE if upstream is None or is_share else ratio(upstream, ours),
        asked(measure.bar),
        asked(measure.reach),
        NONE if limit is None else shown(limit, measure.unit),
        NONE if limit is None or is_share else ratio(ours, limit),
    ]
    return f"| {' | '.join(cells)} |"


def table(report: dict[str, Any]) -> str:
    """The table as Markdown."""
    answers = {}
    for benchmark in report["benchmarks"]:
        info = benchmark["extra_info"]
        # The best round, of each side: what else the machine did can only have made one slower.
        # The other facts of a measure are what most of its rounds say.
        answers[info["measure"], info["subject"]] = {**info, "value": benchmark["stats"]["min"]}
    lines = list(HEAD)
    for name, group in GROUPS.items():
        rows = [found for measure in group if (found := row(measure, answers))]
        if rows:
            lines += [f"| **{name}** | | | | | | | |", *rows]
    return "\n".join(lines)


if __name__ == "__main__":
    text = table(json.loads(Path(sys.argv[1]).read_text()))
    if "--readme" in sys.argv:
        readme = Path(sys.argv[sys.argv.index("--readme") + 1])
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    else:
        sys.stdout.write(text + "\n")
