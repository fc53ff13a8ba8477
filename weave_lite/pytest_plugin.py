"""The plugin for pytest: fixtures only. Loads nothing of ours until a test asks for one.

What they hand out is made in ``weave_lite.testing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.testing import CountingIds, StepClock, TracedCalls
    from weave_lite.trace.weave_client import WeaveClient

__all__ = [
    "official_weave_client",
    "pytest_configure",
    "weave_calls",
    "weave_client",
    "weave_clock",
    "weave_ids",
]

_MARKER = (
    "weave_lite(project='local/test', autopatch=True, **settings): project and settings of the "
    "client that the fixture weave_client makes, such as capture_code=False"
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def weave_client(request: pytest.FixtureRequest) -> Iterator[WeaveClient]:
    """A client on a fresh store in memory, for this test alone; each op is stored when it returns.

    Libraries are patched as by ``weave.init``, and ``init`` in the code under test traces into the
    same store.
    """
    from weave_lite.testing import memory_client  # noqa: PLC0415 - loads the library

    marker = request.node.get_closest_marker("weave_lite")
    given = {} if marker is None else dict(marker.kwargs)
    if marker is not None and marker.args:
        raise pytest.UsageError(
            "the marker weave_lite takes names only: @pytest.mark.weave_lite(project='local/test')"
        )
    given = {"autopatch": True, **given}
    with memory_client(given.pop("project", "local/test"), **given) as client:
        yield client


@pytest.fixture
def official_weave_client() -> Iterator[Any]:
    """The client of the installed official ``weave``, on a fresh store in memory, for this test alone."""
    from weave_lite.official.client import fresh_client  # noqa: PLC0415 - loads the library

    with fresh_client() as client:
        yield client


@pytest.fixture
def weave_calls(weave_client: WeaveClient) -> TracedCalls:
    """What this test traced: to look at, and to assert."""
    from weave_lite.testing import TracedCalls  # noqa: PLC0415 - loads the library

    return TracedCalls(weave_client)


@pytest.fixture
def weave_ids() -> Iterator[CountingIds]:
    """Ids of calls that count from 1, so that they are the same in each run."""
    from weave_lite.core import ids  # noqa: PLC0415 - loads the library
    from weave_lite.testing import CountingIds  # noqa: PLC0415

    source = CountingIds()
    with ids.replaced_ids(source):
        yield source


@pytest.fixture
def weave_clock() -> Iterator[StepClock]:
    """A clock that begins at 2024-01-01 and steps by 1 ms a look; ``advance(seconds)`` lets time pass."""
    from weave_lite.core import clock  # noqa: PLC0415 - loads the library
    from weave_lite.testing import StepClock  # noqa: PLC0415

    source = StepClock()
    with clock.replaced_clock(source):
        yield source
