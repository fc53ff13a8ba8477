"""``weave_lite.official`` under a real official package: ``in_process_job.py STEP FILE``."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import weave

from weave_lite import official
from weave_lite.official import adapter

PROJECT = "acme/own"


@weave.op
def add(a: int, b: int) -> int:
    return a + b


def leave():
    """Leave the program without ``weave.finish()``."""
    official.init(PROJECT)
    for n in range(50):
        add(n, 1)
    return {}


def change():
    """Begin a second session where the first is active, and leave."""
    official.init(PROJECT)
    add(1, 1)
    official.init(PROJECT, db=os.environ["SECOND_DB"])
    add(2, 2)
    return {}


def race():
    """Use a request's model in one thread while another builds it."""
    from weave_lite.trace_server.interface.wire import WireModel

    begun = threading.Event()

    class Slow(WireModel):
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            begun.set()
            time.sleep(0.2)
            return super().__get_pydantic_core_schema__(source, handler)

    class Request(WireModel):
        slow: Slow

    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(type(Request.model_validate({"slow": {}})).__name__)
        )
        for _ in range(2)
    ]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join()
    return found


def kind_of(error):
    return [f"{each.__module__}.{each.__name__}" for each in type(error).__mro__[:-3]]


def errors():
    """Ask for what fails; the classes are what the package's own code would catch."""
    client = official.init(PROJECT, db=":memory:")
    ref = weave.publish({"a": 1}, name="thing")
    client.flush()
    client.delete_object_version(ref)
    client.flush()
    given = {"project_id": PROJECT}
    reads = {
        "absent": {**given, "object_id": "absent", "digest": "latest"},
        "deleted": {**given, "object_id": "thing", "digest": ref.digest},
        "name": {**given, "project_id": "no project", "object_id": "a", "digest": "latest"},
    }
    told = {}
    for name, req in reads.items():
        try:
            client.server.obj_read(req)
        except Exception as error:
            told[name] = [kind_of(error), str(error), str(getattr(error, "deleted_at", ""))]
    return told


def methods():
    """Say which methods of the package's interface are answered, and which are refused."""
    from weave_lite.official.installed import generation, interface_of

    interface = interface_of(generation())
    names = {name for name in dir(interface) if not name.startswith("_")}
    answered = names & ({*adapter._REQUESTS} | {"ensure_project_exists"})
    return {"answered": sorted(answered), "refused": sorted(names - answered)}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]]()
    Path(sys.argv[-1]).write_text(json.dumps({"version": weave.__version__, "told": answer}))
