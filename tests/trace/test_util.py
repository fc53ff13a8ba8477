"""Threads and pools that take the context along."""

from __future__ import annotations

import contextvars

import pytest

from weave_lite.trace.util import ContextAwareThread, ContextAwareThreadPoolExecutor, Thread

VALUE = contextvars.ContextVar("value", default="none")


def test_a_thread_takes_the_context_of_its_construction():
    """Not that of its start."""
    seen = []
    VALUE.set("then")
    worker = ContextAwareThread(target=lambda: seen.append(VALUE.get()), name="n", daemon=True)
    VALUE.set("now")
    worker.start()
    worker.join()
    assert seen == ["then"]
    assert (worker.name, worker.daemon) == ("n", True)
    assert Thread is ContextAwareThread


def test_a_pool_takes_the_context_of_the_submitter():
    """One copy per item: what one item sets no other sees."""

    def work(n):
        before = VALUE.get()
        VALUE.set(str(n))
        return before

    VALUE.set("caller")
    with ContextAwareThreadPoolExecutor(max_workers=1) as pool:
        assert list(pool.map(work, range(3))) == ["caller"] * 3
        assert pool.submit(work, n=9).result() == "caller"
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 / 0).result()
    assert VALUE.get() == "caller"


def test_a_thread_class_with_a_run_of_its_own():
    """Started, all of it is in the context of its constructor; called by hand, the target is."""
    seen = []

    class Own(ContextAwareThread):
        def run(self):
            seen.append(VALUE.get())
            super().run()

    VALUE.set("then")
    started, called = (Own(target=lambda: seen.append(VALUE.get())) for _ in range(2))
    VALUE.set("now")
    started.start()
    started.join()
    called.run()
    assert seen == ["then", "then", "now", "then"]
