"""What a type checker infers; run as a program, it does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, assert_type

import weave_lite as weave
from weave_lite import Call


@weave.op
def double(n: int) -> int:
    return 2 * n


@weave.op(name="named")
def named(text: str, times: int = 2) -> str:
    return text * times


@weave.op
async def wait(n: int) -> str:
    return str(n)


@weave.op
def count(n: int) -> Generator[int, None, None]:
    yield from range(n)


class Counter:
    def __init__(self, start: int) -> None:
        self.start = start

    @weave.op
    def plus(self, n: int) -> int:
        return self.start + n


def main() -> None:
    client = weave.init("typed", db=":memory:")
    assert_type(double(2), int)
    assert_type(named("a"), str)
    assert_type(asyncio.run(wait(1)), str)
    assert_type(wait(1), Coroutine[Any, Any, str]).close()
    assert_type(list(count(2)), list[int])
    counter = Counter(1)
    assert_type(counter.plus(2), int)
    assert_type(Counter.plus(counter, 2), int)
    for call in double.calls():
        assert_type(call, Call)

    calls = client.get_calls()
    for call in calls:
        assert_type(call, Call)
    assert_type(calls[0], Call)
    assert_type(calls[:2], list[Call])
    assert_type(len(calls), int)


if __name__ == "__main__":
    main()
