"""The whole store as plain dicts: what every request must answer, written from the contract.

It knows nothing of SQL, nor of the server; what the server makes (ids, dates) it is told.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from typing import Any

import orjson
from trace_server.query.reference import evaluate

from weave_lite.core.clock import to_micros

REF = "weave:///"
DATES = ("started_at", "ended_at")


def digest_of(content: bytes) -> str:
    """The digest of a file, and of a value's JSON text."""
    text = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
    return text.replace("-", "X").replace("_", "Y").rstrip("=")


def value_digest(value: Any) -> str:
    return digest_of(json.dumps(value).encode())


def table_digest(row_digests: list[str]) -> str:
    return hashlib.sha256("".join(row_digests).encode()).hexdigest()


def size_of(*values: Any) -> int:
    return sum(len(orjson.dumps(value)) for value in values)


def refs_in(value: Any) -> set[str]:
    """All refs inside a value."""
    if isinstance(value, str):
        return {value} if value.startswith(REF) else set()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(refs_in, parts))


class Project:
    """What one project holds."""

    def __init__(self, project_id: str):
        self.project_id = project_id
        self.calls: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.publishes = 0
        self.rows: dict[str, Any] = {}
        self.tables: dict[str, list[str]] = {}
        self.files: dict[str, bytes] = {}
        self.feedback: dict[str, dict[str, Any]] = {}
        self.costs: dict[str, dict[str, Any]] = {}
        self.costs_made: list[str] = []

    # --- calls ---

    def part(self, call_id: str) -> dict[str, Any]:
        empty = {"start": None, "end": None, "name": None, "is_deleted": False}
        return self.calls.setdefault(call_id, empty)

    def delete_calls(self, call_ids: list[str]) -> int:
        """Delete calls and all below them; the number of those that could be seen."""
        doomed: set[str] = set()
        more = set(call_ids)
        while more - doomed:
            doomed |= more
            more = {
                call_id
                for call_id, call in self.calls.items()
                if call["start"] and call["start"]["parent_id"] in doomed
            }
        parts = [self.calls[call_id] for call_id in doomed if call_id in self.calls]
        parts = [part for part in parts if not part["is_deleted"]]
        for part in parts:
            part["is_deleted"] = True
        return sum(part["start"] is not None for part in parts)

    def visible_calls(self) -> list[dict[str, Any]]:
        """The calls that can be seen, by id, each with its feedback; dates are microseconds."""
        rows = []
        for call_id, part in sorted(self.calls.items()):
            if part["start"] is None or part["is_deleted"]:
                continue
            row = dict.fromkeys(("ended_at", "exception", "output"))
            row |= {"summary": {}, **part["start"], **(part["end"] or {})}
            row["size"] = size_of(row["attributes"], row["inputs"])
            if part["end"] is not None:
                row["size"] += size_of(row["output"], row["summary"])
            if part["name"] is not None:
                row["display_name"] = part["name"] or None
            for name in DATES:
                row[name] = None if row[name] is None else to_micros(row[name])
            row["feedback"] = self.feedback_on(f"{REF}{self.project_id}/call/{call_id}")
            rows.append(row)
        return rows

    def trace_size(self, trace_id: str) -> int:
        return sum(row["size"] for row in self.visible_calls() if row["trace_id"] == trace_id)

    def size_of_roots(self, rows: list[dict[str, Any]]) -> int:
        """The bytes of the traces whose roots are among some calls."""
        traces = {row["trace_id"] for row in rows if row["parent_id"] is None}
        return sum(map(self.trace_size, traces))

    def weave_of(self, row: dict[str, Any]) -> dict[str, Any]:
        """What the server adds to the summary of a call."""
        is_running = row["ended_at"] is None
        failed = row["exception"] is not None
        weave = {**row["summary"].get("weave", {})}
        weave["status"] = "error" if failed else "running" if is_running else "success"
        if not is_running:
            weave["latency_ms"] = (row["ended_at"] - row["started_at"]) // 1000
        if row["display_name"]:
            weave["display_name"] = row["display_name"]
        else:
            weave["trace_name"] = row["op_name"].rpartition("/")[2].partition(":")[0]
        return weave

    # --- costs ---

    def add_costs(self, cost_ids: list[str], prices: dict[str, dict[str, Any]]) -> None:
        for cost_id, (llm_id, price) in zip(cost_ids, prices.items(), strict=True):
            given = {
                "id": cost_id,
                "llm_id": llm_id,
                "effective_date": to_micros(price["effective_date"]),
                "provider_id": price["provider_id"] or "default",
                "order": len(self.costs_made),
            }
            self.costs_made.append(cost_id)
            self.costs[cost_id] = {**price, **given}

    def costs_of(self, row: dict[str, Any]) -> dict[str, Any]:
        """Per model: counts, prices and totals of a call; null where no price is known."""
        found = {}
        for llm_id, usage in row["summary"].get("usage", {}).items():
            prices = [cost for cost in self.costs.values() if cost["llm_id"] == llm_id]
            price = max(prices, key=lambda cost: self.precedence(cost, row), default={})
            cost = {"requests": usage.get("requests", 0)}
            for kind, other in (("prompt", "input"), ("completion", "output")):
                tokens = usage.get(f"{kind}_tokens", usage.get(f"{other}_tokens", 0))
                each = price.get(f"{kind}_token_cost")
                cost[f"{kind}_tokens"] = tokens
                cost[f"{kind}_token_cost"] = each
                cost[f"{kind}_tokens_total_cost"] = None if each is None else tokens * each
            cost["provider_id"] = price.get("provider_id")
            cost["pricing_level_id"] = self.project_id if price else None
            found[llm_id] = cost
        return found

    def precedence(self, cost: dict[str, Any], row: dict[str, Any]) -> tuple[Any, ...]:
        is_in_effect = cost["effective_date"] <= row["started_at"]
        return is_in_effect, cost["effective_date"], cost["order"]

    # --- objects ---

    def publish(self, name: str, value: Any) -> str:
        digest = value_digest(value)
        versions = self.objects[name]
        self.publishes += 1
        known = versions.get(digest)
        if known is None or not known["is_live"]:
            index = max((each["index"] for each in versions.values()), default=-1) + 1
            known = versions[digest] = {"val": value, "index": index, "is_live": True}
        known["order"] = self.publishes
        return digest

    def live(self, name: str) -> list[str]:
        """Digests of the live versions, the latest one last."""
        versions = self.objects.get(name, {})
        found = [digest for digest, version in versions.items() if version["is_live"]]
        return sorted(found, key=lambda digest: versions[digest]["order"])

    def named(self, name: str, entries: list[str] | None) -> list[str] | None:
        """The live versions that a deletion names; None when it must be refused."""
        live = self.live(name)
        if entries is None:
            return live or None
        indexes = {f"v{self.objects[name][digest]['index']}": digest for digest in live}
        latest = {"latest": live[-1]} if live else {}
        names = {**{digest: digest for digest in live}, **indexes, **latest}
        found = {names.get(entry) for entry in entries}
        return None if None in found or len(found) < len(set(entries)) else list(found)

    # --- tables ---

    def put_table(self, rows: list[Any]) -> list[str]:
        digests = [value_digest(row) for row in rows]
        self.rows.update(zip(digests, rows, strict=True))
        self.tables[table_digest(digests)] = digests
        return digests

    def table_rows(self, digest: str) -> list[dict[str, Any]]:
        return [
            {"digest": row, "val": self.rows[row], "original_index": index}
            for index, row in enumerate(self.tables.get(digest, ()))
        ]

    def row_size(self, digest: str) -> int:
        return size_of(self.rows[digest])

    # --- feedback ---

    def feedback_rows(self) -> list[dict[str, Any]]:
        return sorted(self.feedback.values(), key=lambda row: (row["created_at"], row["id"]))

    def feedback_on(self, weave_ref: str) -> list[dict[str, Any]]:
        return [row for row in self.feedback_rows() if row["weave_ref"] == weave_ref]


class StoreModel:
    """Projects by id."""

    def __init__(self, project_ids: list[str]):
        self.projects = {project_id: Project(project_id) for project_id in project_ids}

    def __getitem__(self, project_id: str) -> Project:
        return self.projects[project_id]

    def version_at(self, ref: str) -> dict[str, Any] | None:
        """The version that an object ref names, also a deleted one."""
        entity, project, _, name = ref.removeprefix(REF).split("/")
        name, _, digest = name.partition(":")
        return self.projects[f"{entity}/{project}"].objects.get(name, {}).get(digest)

    def expanded(self, value: Any) -> Any:
        """A value with the ref that it is replaced, if that names a live version."""
        is_object_ref = isinstance(value, str) and value.startswith(REF) and "/call/" not in value
        version = self.version_at(value) if is_object_ref else None
        if version is None or not version["is_live"]:
            return value
        found = version["val"]
        return (
            {**found, "_ref": value} if isinstance(found, dict) and "_ref" not in found else found
        )


def matches(row: dict[str, Any], calls_filter: dict[str, Any]) -> bool:
    """Whether a call fulfils all conditions of a filter."""
    columns = {
        "parent_ids": "parent_id",
        "trace_ids": "trace_id",
        "call_ids": "id",
        "wb_user_ids": "wb_user_id",
        "wb_run_ids": "wb_run_id",
        "thread_ids": "thread_id",
        "turn_ids": "turn_id",
    }
    for name, wanted in calls_filter.items():
        if not wanted:
            continue
        if name == "trace_roots_only":
            is_found = row["parent_id"] is None
        elif name == "op_names":
            is_found = any(
                row["op_name"].startswith(each[:-1])
                if each.endswith(":*")
                else row["op_name"] == each
                for each in wanted
            )
        elif name in ("input_refs", "output_refs"):
            value = row["inputs"] if name == "input_refs" else row["output"]
            is_found = bool(refs_in(value) & set(wanted))
        else:
            is_found = row[columns[name]] in wanted
        if not is_found:
            return False
    return True


def finds(row: dict[str, Any], expr: dict[str, Any] | None) -> bool:
    return expr is None or evaluate(row, expr) is True


def pages(rows: list[Any], limit: int | None, offset: int | None) -> list[Any]:
    rows = rows[offset or 0 :]
    return rows if limit is None else rows[:limit]
