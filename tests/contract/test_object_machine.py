"""Versions of objects against a model: a state machine that publishes, deletes and reopens."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from weave_lite.core.digest import digest_json
from weave_lite.core.errors import NotFoundError, ObjectDeletedError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"
names = st.sampled_from(["a", "b"])
contents = st.integers(0, 3)


class Version:
    """What the model knows of a version."""

    def __init__(self, index, order):
        self.index, self.order, self.is_live = index, order, True


class Versions(RuleBasedStateMachine):
    """The model: name -> digest -> version, and one counter of publishes."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.server = SqliteTraceServer(self.folder / "weave.db")
        self.model = {}
        self.publishes = 0

    def teardown(self):
        self.server.close()
        shutil.rmtree(self.folder)

    @rule(name=names, content=contents)
    def publish(self, name, content):
        """New content and deleted content get the next index, live content keeps its own."""
        digest = digest_json(content)
        versions = self.model.setdefault(name, {})
        self.publishes += 1
        known = versions.get(digest)
        if known is None or not known.is_live:
            index = max((version.index for version in versions.values()), default=-1) + 1
            versions[digest] = Version(index, self.publishes)
        else:
            known.order = self.publishes
        obj = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id=name, val=content)
        assert self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest == digest

    @precondition(lambda self: self.model)
    @rule(
        data=st.data(),
        by=st.lists(st.sampled_from(["digest", "index", "latest"]), min_size=1, max_size=2),
    )
    def delete(self, data, by):
        """Entries that name distinct live versions delete them; any other set deletes nothing."""
        name = data.draw(st.sampled_from(sorted(self.model)))
        versions = self.model[name]
        digests = [data.draw(st.sampled_from(sorted(versions))) for _ in by]
        live = self.live(name)
        named, entries = [], []
        for form, digest in zip(by, digests, strict=True):
            entries.append(
                {"digest": digest, "index": f"v{versions[digest].index}", "latest": "latest"}[form]
            )
            named.append((live[-1] if live else None) if form == "latest" else digest)
        fits = len(set(named)) == len(set(entries)) and set(named) <= set(live)
        self.check_delete(name, entries, set(named) if fits else None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete_all(self, data):
        """Without digests all live versions are deleted; when there is none, that is an error."""
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.check_delete(name, None, set(self.live(name)) or None)

    def check_delete(self, name, entries, expected):
        req = tsi.ObjDeleteReq(project_id=PROJECT, object_id=name, digests=entries)
        if expected is None:
            with pytest.raises(NotFoundError):
                self.server.obj_delete(req)
            return
        assert self.server.obj_delete(req).num_deleted == len(expected)
        for digest in expected:
            self.model[name][digest].is_live = False

    @rule()
    def reopen(self):
        """Nothing is lost when the file is closed and opened again."""
        self.server.close()
        self.server = SqliteTraceServer(self.folder / "weave.db")

    def live(self, name):
        """Digests of the live versions, the latest one last."""
        versions = self.model[name]
        found = [digest for digest in versions if versions[digest].is_live]
        return sorted(found, key=lambda digest: versions[digest].order)

    @invariant()
    def versions_read_back(self):
        """Every version is found by digest and vN, or raises that it was deleted."""
        for name, versions in self.model.items():
            live = self.live(name)
            for digest, version in versions.items():
                for text in (digest, f"v{version.index}"):
                    if not version.is_live:
                        with pytest.raises(ObjectDeletedError):
                            self.read(name, text)
                        continue
                    obj = self.read(name, text)
                    is_latest = int(digest == live[-1])
                    assert (obj.digest, obj.version_index, obj.is_latest) == (
                        digest,
                        version.index,
                        is_latest,
                    )
            if live:
                assert self.read(name, "latest").digest == live[-1]
            else:
                with pytest.raises(ObjectDeletedError):
                    self.read(name, "latest")

    @invariant()
    def lists_agree(self):
        """Live versions are listed, and exactly one of each object is the latest."""
        every = {(name, digest) for name in self.model for digest in self.live(name)}
        latest = {(name, self.live(name)[-1]) for name in self.model if self.live(name)}
        assert self.listed() == every
        assert self.listed(latest_only=True) == latest

    def read(self, name, version):
        req = tsi.ObjReadReq(project_id=PROJECT, object_id=name, digest=version)
        return self.server.obj_read(req).obj

    def listed(self, **wanted):
        req = tsi.ObjQueryReq(project_id=PROJECT, filter=tsi.ObjectVersionFilter(**wanted))
        found = self.server.objs_query(req).objs
        assert all(obj.is_latest for obj in found) or not wanted
        return {(obj.object_id, obj.digest) for obj in found}


TestVersions = Versions.TestCase
TestVersions.settings = settings(stateful_step_count=15)
