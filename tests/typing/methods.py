"""What a type checker infers of ops on classes, and of streams; run, it does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import weave_lite as weave
from weave_lite import Call


@weave.op
def double(n: int) -> int:
    return 2 * n


@weave.op
async def wait(n: int) -> str:
    return str(n)


@weave.op
def count(n: int) -> Iterator[int]:
    yield from range(n)


@weave.op
async def count_slowly(n: int) -> AsyncIterator[int]:
    for number in range(n):
        yield number


class Counter:
    start = 1

    @weave.op
    def plus(self, n: int) -> int:
        return self.start + n

    @weave.op
    async def plus_late(self, n: int) -> int:
        return self.start + n

    @weave.op
    def all_up_to(self, n: int) -> Iterator[int]:
        yield from range(self.start, n)

    @classmethod
    @weave.op
    def made(cls, n: int) -> str:
        return f"{cls.__name__} {n}"

    @staticmethod
    @weave.op
    def half(n: int) -> float:
        return n / 2


class Doubler(weave.Model):
    by: int = 2

    @weave.op
    async def predict(self, n: int) -> int:
        return self.by * n


async def numbers() -> list[int]:
    return [number async for number in count_slowly(2)]


def main() -> None:
    weave.init("typed", db=":memory:")
    counter = Counter()
    assert_type(counter.plus(2), int)
    assert_type(asyncio.run(counter.plus_late(2)), int)
    assert_type(list(counter.all_up_to(3)), list[int])
    # mypy reads a decorated class method right through an instance, a static one through the class.
    assert_type(counter.made(2), str)
    assert_type(Counter.half(2), float)
    assert_type(asyncio.run(numbers()), list[int])
    assert_type(asyncio.run(Doubler().predict(2)), int)
    assert_type(Doubler(by=3).by, int)

    assert_type(double.call(2), tuple[int, Call])
    assert_type(counter.plus.call(2), tuple[int, Call])
    assert_type(Counter.plus.call(counter, 2), tuple[int, Call])
    assert_type(asyncio.run(wait.call(2)), tuple[str, Call])
    assert_type(asyncio.run(counter.plus_late.call(2)), tuple[int, Call])
    assert_type(asyncio.run(Doubler().predict.call(2)), tuple[int, Call])
    stream, call = count.call(2)
    assert_type(stream, Iterator[int])
    assert_type(call, Call)
    assert list(stream) == [0, 1]


if __name__ == "__main__":
    main()
