"""The work that every subject of the benchmarks is given: calls of about 2 KB in and 1 KB out.

Plain standard library: it is imported by the worker of the reference as well.
"""

from __future__ import annotations

import datetime as dt
import random
import resource
from pathlib import Path

CALL_COUNT = 100_000
FEW = 1_000
ROW_COUNT = 100_000
FILE_BYTES = 50_000_000
PROJECT = "local/bench"
EPOCH = dt.datetime(2024, 3, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - also runs on 3.10
MODELS = [f"model-{n}" for n in range(10)]
OPS = [f"weave:///{PROJECT}/op/step_{n}:{'A' * 43}" for n in range(20)]
SCORERS = [f"weave:///{PROJECT}/object/judge:{letter * 43}" for letter in "AB"]
WORDS = (
    "context answer question document passage retrieval token model prompt system user "
    "score ranking vector index chunk summary source citation evidence"
).split()


def peak_mb() -> float:
    """Megabytes that this process needed at most."""
    status = Path("/proc/self/status")
    if status.exists():
        # What resource tells begins with the size of the process that started this one.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def small(n: int) -> dict:
    """Inputs of some 40 bytes."""
    return {"x": n, "text": "hello"}


def sentence(seed: int, size: int) -> str:
    """Text of about ``size`` bytes, another for each seed."""
    rng = random.Random(seed)
    words = []
    length = 0
    while length < size:
        word = rng.choice(WORDS)
        words.append(word)
        length += len(word) + 1
    return " ".join(words)


_TEXTS = [sentence(n, 900) for n in range(64)]


def inputs(n: int) -> dict:
    """Inputs of about 2 KB."""
    return {
        "model": MODELS[n % 10],
        "question": f"question {n}: {_TEXTS[n % 64][:80]}",
        "documents": [_TEXTS[(n * 7 + k) % 64][:600] for k in range(3)],
        "temperature": (n % 100) / 100,
        "options": {"top_k": n % 7, "stream": n % 2 == 0, "tags": ["a", "b", f"t{n % 50}"]},
    }


def output(n: int) -> dict:
    """An output of about 1 KB."""
    return {
        "answer": _TEXTS[n % 64],
        "score": (n * 7919) % 1000 / 1000,
        "ids": list(range(n % 10)),
    }


def usage(n: int) -> dict:
    """A summary with usage."""
    tokens = (n * 31) % 2000
    return {
        "usage": {
            MODELS[n % 10]: {
                "prompt_tokens": tokens,
                "completion_tokens": 20,
                "total_tokens": tokens + 20,
                "requests": 1,
            }
        },
        "status_counts": {"success": 1, "error": 0},
    }


def call_id(n: int) -> str:
    """The id of call ``n``, shaped like a UUIDv7."""
    return f"{n:08x}-0000-7000-8000-{(n * 2654435761) % (1 << 48):012x}"


def call(n: int) -> dict:
    """Call ``n`` as fields: every tenth is a root, the nine after it are its children."""
    root = n - n % 10
    started = EPOCH + dt.timedelta(milliseconds=n * 20)
    return {
        "id": call_id(n),
        "trace_id": call_id(root),
        "parent_id": None if n == root else call_id(root),
        "op_name": OPS[n % 20],
        "started_at": started,
        "ended_at": started + dt.timedelta(milliseconds=n % 500),
        "attributes": {
            "weave": {
                "client_version": "0.1.0",
                "source": "python-sdk",
                "sys_version": "3.11.7 (main, Dec  5 2023, 00:00:00) [GCC 12.2.0]",
                "os_name": "Linux",
                "os_version": "#1 SMP PREEMPT_DYNAMIC",
                "os_release": "6.1.0",
            }
        },
        "inputs": inputs(n),
        "output": output(n),
        "summary": usage(n),
    }


def feedback(n: int) -> dict:
    """What one of two scorers said about root ``n``."""
    return {
        "weave_ref": f"weave:///{PROJECT}/call/{call_id(n)}",
        "feedback_type": "wandb.runnable.judge",
        "payload": {"output": {"score": n % 1000 / 1000, "why": _TEXTS[n % 64][:60]}},
        "runnable_ref": SCORERS[n // 10 % 2],
    }


def row(n: int) -> dict:
    """Row ``n`` of a dataset, about 100 bytes."""
    return {"id": n, "question": f"what is {n} plus {n % 13}?", "expected": str(n + n % 13)}


PROJECT_ENTITY, PROJECT_NAME = PROJECT.split("/")
# The queries that are timed, as the wire has them.
QUERIES = {
    "roots": {
        "filter": {"trace_roots_only": True},
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "scored_by": {
        "query": {
            "$expr": {
                "$eq": [
                    {"$getField": "feedback.[wandb.runnable.judge].runnable_ref"},
                    {"$literal": SCORERS[0]},
                ]
            }
        },
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "by_op": {
        "filter": {"op_names": [OPS[3]]},
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "eq_json": {
        "query": {"$expr": {"$eq": [{"$getField": "inputs.model"}, {"$literal": "model-3"}]}},
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "gt_usage": {
        "query": {
            "$expr": {
                "$gt": [
                    {
                        "$convert": {
                            "input": {"$getField": "summary.usage.model-3.total_tokens"},
                            "to": "double",
                        }
                    },
                    {"$literal": 1000},
                ]
            }
        },
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "contains": {
        "query": {
            "$expr": {
                "$contains": {
                    "input": {"$getField": "inputs.question"},
                    "substr": {"$literal": "question 4242:"},
                }
            }
        },
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "limit": 100,
    },
    "sort_json": {"sort_by": [{"field": "output.score", "direction": "desc"}], "limit": 100},
    "offset": {
        "sort_by": [{"field": "started_at", "direction": "asc"}],
        "limit": 100,
        "offset": 99_000,
    },
    "children": {"filter": {"parent_ids": [call_id(50_000)]}},
}
COUNT_EQ = {"query": {"$expr": {"$eq": [{"$getField": "inputs.model"}, {"$literal": "model-3"}]}}}
