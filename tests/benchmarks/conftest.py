"""Fixtures that hand out the workers of the benchmarks."""

from __future__ import annotations

from typing import Any

import pytest
from subjects import Worker, pythons


def _workers(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Any:
    made: dict[str, Worker] = {}
    folder = tmp_path_factory.mktemp(kind)

    def worker(name: str) -> Worker:
        if name not in made:
            made[name] = Worker(name, pythons()[name], folder / name)
            if kind == "stored":
                made[name].ask("fill")
        return made[name]

    yield worker
    for one in made.values():
        one.close()


@pytest.fixture(scope="session")
def fresh_worker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Workers on stores that only what is measured fills."""
    yield from _workers(tmp_path_factory, "fresh")


@pytest.fixture(scope="session")
def stored_worker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Workers on stores of 100,000 calls."""
    yield from _workers(tmp_path_factory, "stored")
