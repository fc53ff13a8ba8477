"""The fixture that hands out the workers of the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from subjects import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """The workers, on stores of this run."""
    workers = Workers(tmp_path_factory.mktemp("stores"))
    yield workers
    workers.close()
