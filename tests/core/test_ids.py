"""Ids: their form, their order, replacement, and forked processes."""

from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from weave_lite.core import ids


def test_id_is_a_uuid_of_version_7_in_lower_case():
    """An id reads back as the same UUID and carries the time."""
    before_ms = time.time_ns() // 1_000_000
    text = ids.new_id()
    after_ms = time.time_ns() // 1_000_000
    read = uuid.UUID(text)
    assert str(read) == text
    assert (read.variant, text[14]) == (uuid.RFC_4122, "7")
    assert before_ms <= read.int >> 80 <= after_ms


def test_ids_sort_in_the_order_of_making():
    """Many ids of one millisecond are distinct and in order."""
    made = [ids.new_id() for _ in range(5000)]
    assert made == sorted(set(made))


def test_ids_of_threads_are_distinct():
    """Threads never get the same id."""
    made: list[str] = []

    def make() -> None:
        made.extend([ids.new_id() for _ in range(2000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_ids_of_a_forked_child_differ():
    """A child does not continue with the random state of its parent."""
    ids.new_id()
    read_end, write_end = os.pipe()
    child = os.fork()
    made = [ids.new_id() for _ in range(50)]
    if child == 0:
        os.write(write_end, " ".join(made).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        made_by_child = pipe.read().split()
    assert os.waitpid(child, 0)[1] == 0
    # The last 8 characters are random; the times before them may be the same.
    assert len(made_by_child) == 50
    assert {text[-8:] for text in made}.isdisjoint(text[-8:] for text in made_by_child)


def test_replaced_ids_come_back_after_the_block():
    """Inside the block ids count; after it they are UUIDs again, also after an error."""
    numbers = iter(range(100))
    with pytest.raises(KeyError), ids.replaced_ids(lambda: f"id-{next(numbers)}"):
        assert [ids.new_id(), ids.new_id()] == ["id-0", "id-1"]
        raise KeyError
    assert len(ids.new_id()) == 36
