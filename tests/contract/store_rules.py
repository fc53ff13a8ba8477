"""Rules of the store's state machine for objects, tables, files, feedback and costs."""

from __future__ import annotations

import json

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from store_model import finds, pages, table_digest, value_digest
from store_values import (
    COST_FIELDS,
    FILE_DIGESTS,
    FILES,
    OBJECT_NAMES,
    OBJECT_REFS,
    OBJECTS,
    OPS,
    PROJECTS,
    expressions,
    feedback,
    feedback_queries,
    ids,
    limits,
    object_names,
    ordered,
    positions,
    prices,
    projects,
    rows,
    sorts,
)
from trace_server.query.reference import NotSaid

from weave_lite.core.clock import from_micros, to_micros
from weave_lite.core.errors import InvalidRequest, NotFoundError, ObjectDeletedError
from weave_lite.trace_server import trace_server_interface as tsi


class ContentRules(RuleBasedStateMachine):
    """What calls refer to; ``server`` and ``model`` are those of the machine."""

    # --- objects ---

    @rule(p=projects, name=object_names, number=st.integers(0, 7))
    def publish(self, p, name, number):
        pool = OPS if name == "f" else OBJECTS
        value = pool[number % len(pool)]
        obj = tsi.ObjSchemaForInsert(project_id=p, object_id=name, val=value)
        digest = self.model[p].publish(name, value)
        assert self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest == digest

    @rule(p=projects, name=object_names, data=st.data())
    def delete_versions(self, p, name, data):
        known = list(self.model[p].objects.get(name, {}))
        entries = [*known, "v0", "v1", "v2", "latest", "unknown"]
        chosen = data.draw(
            st.none() | st.lists(st.sampled_from(entries), min_size=1, max_size=2, unique=True)
        )
        req = tsi.ObjDeleteReq(project_id=p, object_id=name, digests=chosen)
        expected = self.model[p].named(name, chosen)
        if expected is None:
            with pytest.raises(NotFoundError):
                self.server.obj_delete(req)
            return
        assert self.server.obj_delete(req).num_deleted == len(expected)
        for digest in expected:
            self.model[p].objects[name][digest]["is_live"] = False

    @rule(p=projects, refs=st.lists(st.sampled_from(OBJECT_REFS), max_size=3))
    def read_refs(self, p, refs):
        versions = [self.model.version_at(ref) for ref in refs]
        req = tsi.RefsReadBatchReq(refs=[ref + "/key/k" for ref in refs])
        if None in versions:
            with pytest.raises(NotFoundError):
                self.server.refs_read_batch(req)
            return
        assert self.server.refs_read_batch(req).vals == [
            each["val"].get("k") if each["is_live"] and isinstance(each["val"], dict) else None
            for each in versions
        ]

    # --- tables and files ---

    @rule(p=projects, rows=rows, is_known=st.booleans())
    def create_table(self, p, rows, is_known):
        digests = self.model[p].put_table(rows)
        table = tsi.TableSchemaForInsert(project_id=p, rows=rows)
        res = self.server.table_create(tsi.TableCreateReq(table=table))
        assert (res.digest, res.row_digests) == (table_digest(digests), digests)
        if is_known:
            req = tsi.TableCreateFromDigestsReq(project_id=p, row_digests=digests)
            assert self.server.table_create_from_digests(req).digest == res.digest

    @precondition(lambda self: any(self.model[p].tables for p in PROJECTS))
    @rule(data=st.data(), rows=rows, at=positions, pop=st.none() | positions)
    def update_table(self, data, rows, at, pop):
        """The first row goes to a position, the others to the end, and one is taken out."""
        p = data.draw(st.sampled_from([p for p in PROJECTS if self.model[p].tables]))
        base = data.draw(st.sampled_from(sorted(self.model[p].tables)))
        digests = list(self.model[p].tables[base])
        touched, updates, is_refused = [], [], False
        for number, row in enumerate(rows):
            where = len(digests) if number else at
            is_refused |= where > len(digests)
            updates.append(
                {"append": {"row": row}} if number else {"insert": {"index": where, "row": row}}
            )
            digests.insert(where, value_digest(row))
            touched.append(value_digest(row))
        if pop is not None:
            is_refused |= pop >= len(digests)
            updates.append({"pop": {"index": pop}})
            touched.append("" if is_refused else digests.pop(pop))
        req = {"project_id": p, "base_digest": base, "updates": updates}
        req = tsi.TableUpdateReq.model_validate(req)
        if is_refused:
            with pytest.raises(InvalidRequest):
                self.server.table_update(req)
            return
        res = self.server.table_update(req)
        self.model[p].rows.update((value_digest(row), row) for row in rows)
        self.model[p].tables[table_digest(digests)] = digests
        assert (res.digest, res.updated_row_digests) == (table_digest(digests), touched)

    @rule(p=projects, data=st.data(), sort_by=sorts(["k", "deep.k"]), limit=limits, offset=limits)
    def query_table(self, p, data, sort_by, limit, offset):
        known = sorted({digest for p in PROJECTS for digest in self.model[p].tables})
        digest = data.draw(st.sampled_from([*known, "unknown"]))
        wanted = data.draw(st.lists(st.sampled_from([*self.model[p].rows, "unknown"]), max_size=2))
        expected = [
            {**row, "inputs": row["val"]}
            for row in self.model[p].table_rows(digest)
            if not wanted or row["digest"] in wanted
        ]
        by_inputs = [{**one, "field": "inputs." + one["field"]} for one in sort_by]
        expected = ordered(expected, by_inputs, "original_index")
        req = {"project_id": p, "digest": digest, "filter": {"row_digests": wanted}}
        req |= {"sort_by": sort_by, "limit": limit, "offset": offset}
        found = self.server.table_query(tsi.TableQueryReq.model_validate(req)).rows
        assert [(row.digest, row.val, row.original_index) for row in found] == [
            (row["digest"], row["val"], row["original_index"])
            for row in pages(expected, limit, offset)
        ]

    @rule(p=projects, number=st.integers(0, len(FILES) - 1))
    def create_file(self, p, number):
        req = tsi.FileCreateReq(project_id=p, name="f", content=FILES[number])
        assert self.server.file_create(req).digest == FILE_DIGESTS[number]
        self.model[p].files[FILE_DIGESTS[number]] = FILES[number]

    # --- feedback ---

    def feedback_req(self, p, i, content):
        refs = dict.fromkeys(("annotation_ref", "runnable_ref", "call_ref", "trigger_ref"))
        fields = {"project_id": p, "weave_ref": f"weave:///{p}/call/{i}", "creator": None}
        return {**fields, **refs, "wb_user_id": "ada", **content}

    def keep_feedback(self, p, req, res):
        stored = {**req, "id": res.id, "created_at": to_micros(res.created_at)}
        self.model[p].feedback.setdefault(res.id, stored)

    @rule(
        p=projects, i=ids, content=feedback, feedback_id=st.none() | st.sampled_from(["f1", "f2"])
    )
    def create_feedback(self, p, i, content, feedback_id):
        """A repeated id is a retry when the content is the same, and refused otherwise."""
        fields = self.feedback_req(p, i, content)
        known = self.model[p].feedback.get(feedback_id)
        req = tsi.FeedbackCreateReq.model_validate({**fields, "id": feedback_id})
        if known is not None and {**known, **fields} != known:
            with pytest.raises(InvalidRequest):
                self.server.feedback_create(req)
            return
        res = self.server.feedback_create(req)
        assert feedback_id in (None, res.id)
        assert known is None or to_micros(res.created_at) == known["created_at"]
        self.keep_feedback(p, fields, res)

    @rule(p=projects, several=st.lists(st.tuples(ids, feedback), min_size=1, max_size=3))
    def create_feedbacks(self, p, several):
        batch = [self.feedback_req(p, i, content) for i, content in several]
        req = tsi.FeedbackCreateBatchReq.model_validate({"batch": batch})
        for fields, res in zip(batch, self.server.feedback_create_batch(req).res, strict=True):
            self.keep_feedback(p, fields, res)

    @rule(p=projects, i=ids, content=feedback, data=st.data())
    def replace_feedback(self, p, i, content, data):
        replaced = data.draw(st.sampled_from([*self.model[p].feedback, "unknown"]))
        fields = self.feedback_req(p, i, content)
        req = tsi.FeedbackReplaceReq.model_validate({**fields, "feedback_id": replaced})
        res = self.server.feedback_replace(req)
        assert res.id not in self.model[p].feedback
        self.model[p].feedback.pop(replaced, None)
        self.keep_feedback(p, fields, res)

    @rule(p=projects, data=st.data())
    def purge_feedback(self, p, data):
        """Ids of the other project are unknown in this one."""
        known = sorted({key for p in PROJECTS for key in self.model[p].feedback})
        chosen = data.draw(st.lists(st.sampled_from([*known, "unknown"]), min_size=1, max_size=2))
        parts = [{"$eq": [{"$getField": "id"}, {"$literal": each}]} for each in chosen]
        query = {"$expr": parts[0] if len(parts) == 1 else {"$or": parts}}
        req = {"project_id": p, "query": query}
        self.server.feedback_purge(tsi.FeedbackPurgeReq.model_validate(req))
        for each in chosen:
            self.model[p].feedback.pop(each, None)

    @rule(p=projects, query=feedback_queries)
    def query_feedback(self, p, query):
        """The evaluator reads payloads as it reads inputs."""
        expr, sort_by = json.loads(
            json.dumps([query["expr"], query["sort_by"]]).replace('"payload.', '"inputs.')
        )
        rows = sorted(self.model[p].feedback.values(), key=lambda row: row["id"])
        rows = [{**row, "inputs": row["payload"]} for row in rows]
        req = {"project_id": p, "query": query["expr"] and {"$expr": query["expr"]}}
        req |= {name: query[name] for name in ("sort_by", "limit", "offset")}
        res = self.server.feedback_query(tsi.FeedbackQueryReq.model_validate(req))
        try:
            rows = ordered([row for row in rows if finds(row, expr)], sort_by, "created_at")
        except NotSaid:
            return
        expected = pages(rows, query["limit"], query["offset"])
        assert [row["id"] for row in res.result] == [row["id"] for row in expected]
        assert res.total_count == len(rows)

    # --- costs ---

    @rule(p=projects, several=st.lists(prices, min_size=1, max_size=3))
    def create_costs(self, p, several):
        """A further price of a model does not replace the others."""
        for each in several:
            res = self.server.cost_create(tsi.CostCreateReq(project_id=p, costs=each))
            assert [llm_id for _, llm_id in res.ids] == list(each)
            self.model[p].add_costs([cost_id for cost_id, _ in res.ids], each)

    @rule(p=projects, data=st.data(), is_list=st.booleans())
    def purge_costs(self, p, data, is_list):
        """Ids of the other project are unknown in this one."""
        known = sorted({key for p in PROJECTS for key in self.model[p].costs})
        chosen = data.draw(st.lists(st.sampled_from([*known, "unknown"]), min_size=1, max_size=2))
        field, *literals = [{"$getField": "id"}, *({"$literal": each} for each in chosen)]
        each = [{"$eq": [field, literal]} for literal in literals]
        query = {"$expr": {"$in": [field, literals]} if is_list else {"$or": each}}
        self.server.cost_purge(tsi.CostPurgeReq.model_validate({"project_id": p, "query": query}))
        for each in chosen:
            self.model[p].costs.pop(each, None)

    @rule(p=projects, expr=st.none() | expressions(COST_FIELDS), sort_by=sorts(COST_FIELDS))
    def query_costs(self, p, expr, sort_by):
        req = {"project_id": p, "query": expr and {"$expr": expr}, "sort_by": sort_by}
        found = self.server.cost_query(tsi.CostQueryReq.model_validate(req)).results
        rows = sorted(self.model[p].costs.values(), key=lambda row: row["id"])
        try:
            rows = [row for row in rows if finds(row, expr)]
        except NotSaid:
            return
        rows = ordered(rows, sort_by, "order") if sort_by else rows
        found = found if sort_by else sorted(found, key=lambda row: row.id)
        assert [(row.id, row.prompt_token_cost, row.provider_id) for row in found] == [
            (row["id"], row["prompt_token_cost"], row["provider_id"]) for row in rows
        ]

    @invariant()
    def same_objects(self):
        """Versions by digest, ``vN`` and ``latest``; the lists hold the live ones."""
        for p in PROJECTS:
            for name in OBJECT_NAMES:
                versions = self.model[p].objects.get(name, {})
                live = self.model[p].live(name)
                for digest, version in versions.items():
                    for text in (digest, f"v{version['index']}"):
                        self.check_version(p, name, text, digest if digest in live else None)
                if versions:
                    self.check_version(p, name, "latest", live[-1] if live else None)
            req = tsi.ObjQueryReq(project_id=p)
            listed = sorted((obj.object_id, obj.digest) for obj in self.server.objs_query(req).objs)
            assert listed == sorted(
                (name, digest) for name in OBJECT_NAMES for digest in self.model[p].live(name)
            )

    def check_version(self, p, name, version, digest):
        req = tsi.ObjReadReq(project_id=p, object_id=name, digest=version)
        if digest is None:
            with pytest.raises(ObjectDeletedError):
                self.server.obj_read(req)
            return
        obj = self.server.obj_read(req).obj
        known = self.model[p].objects[name][digest]
        assert (obj.digest, obj.version_index, obj.val, obj.kind, obj.is_latest) == (
            digest,
            known["index"],
            known["val"],
            "op" if name == "f" else "object",
            int(digest == self.model[p].live(name)[-1]),
        )

    @invariant()
    def same_content(self):
        """Tables, files and feedback of each project, and none of the other's."""
        for p in PROJECTS:
            project = self.model[p]
            digests = sorted({digest for each in PROJECTS for digest in self.model[each].tables})
            req = {"project_id": p, "digests": digests, "include_storage_size": True}
            req = tsi.TableQueryStatsBatchReq.model_validate(req)
            found = self.server.table_query_stats_batch(req).tables
            assert {each.digest: (each.count, each.storage_size_bytes) for each in found} == {
                digest: (len(held), sum(project.row_size(row) for row in held))
                for digest, held in project.tables.items()
            }
            size = self.server.files_stats(tsi.FilesStatsReq(project_id=p)).total_size_bytes
            assert size == sum(map(len, project.files.values()))
            for digest in FILE_DIGESTS:
                req = tsi.FileContentReadReq(project_id=p, digest=digest)
                if digest in project.files:
                    assert self.server.file_content_read(req).content == project.files[digest]
                else:
                    with pytest.raises(NotFoundError):
                        self.server.file_content_read(req)
            found = self.server.feedback_query(tsi.FeedbackQueryReq(project_id=p)).result
            assert found == [
                {**row, "created_at": from_micros(row["created_at"])}
                for row in project.feedback_rows()
            ]
