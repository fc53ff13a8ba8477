"""Moving feedback and prices: what is new, and what was taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRequest, NotFoundError, NotSupportedError
from weave_lite.core.refs import CallRef, ObjectRef, TableRef, maybe_parse_uri
from weave_lite.sync.pages import feedback_pages, has_id, price_of, prices
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from weave_lite.sync.content import ContentMover
    from weave_lite.sync.route import Route

__all__ = ["EventMover"]

_BATCH = 100
_REFS = ("weave_ref", "annotation_ref", "runnable_ref", "call_ref", "trigger_ref")


class EventMover:
    """Moves the feedback and the prices of a project.

    Args:
        route: From where to where.
        content: Moves what they lead to.
    """

    def __init__(self, route: Route, content: ContentMover) -> None:
        self._route, self._content = route, content

    # --- feedback ---

    def move_feedback(self) -> None:
        """Move feedback that was not moved before, under its own ids where the server takes them."""
        # What it is about, by its id.
        done = self._route.journal.read("feedback")
        there: set[str] = set()
        source, project_id = self._route.source, self._route.from_project
        for page in feedback_pages(source, project_id, fields=["id"]):
            ids = [row["id"] for row in page]
            there.update(ids)
            new = [each for each in ids if each not in done]
            for start in range(0, len(new), _BATCH):
                wanted = has_id(new[start : start + _BATCH])
                for rows in feedback_pages(source, project_id, conditions=wanted):
                    self._move_rows(rows)
            self._route.tell(f"{len(there):,} feedbacks")
        self._take_back([each for each in done if each not in there], done)

    def _move_rows(self, rows: list[dict[str, Any]]) -> None:
        reqs = [self._feedback_of(row) for row in rows]
        taken = rows
        if not self._route.is_dry and not self._send_together(reqs):
            taken = [row for row, req in zip(rows, reqs, strict=True) if self._send_alone(req)]
        if taken:
            self._route.journal.note("feedback", {row["id"]: row["weave_ref"] for row in taken})
        self._route.report.feedback += len(taken)

    def _send_together(self, reqs: list[tsi.FeedbackCreateReq]) -> bool:
        """Send feedback in one request; tell whether the server can, and took all of it."""
        create: Any = getattr(self._route.target, "feedback_create_batch", None)
        if create is None or len(reqs) == 1:
            return False
        try:
            answers = create(tsi.FeedbackCreateBatchReq(batch=reqs)).res
        except (NotFoundError, NotSupportedError, InvalidRequest):
            return False
        self._note_ids(reqs, answers)
        return True

    def _send_alone(self, req: tsi.FeedbackCreateReq) -> bool:
        try:
            answer = self._route.target.feedback_create(req)
        except (InvalidRequest, NotFoundError) as error:
            self._route.refusals.add(f"feedback {req.id}", error)
            return False
        self._note_ids([req], [answer])
        return True

    def _note_ids(
        self, reqs: list[tsi.FeedbackCreateReq], answers: list[tsi.FeedbackCreateRes]
    ) -> None:
        """Note the ids that the target gave in place of ours."""
        self._route.refusals.taken()
        pairs = zip(reqs, answers, strict=False)
        own = {req.id: answer.id for req, answer in pairs if req.id and req.id != answer.id}
        if own:
            self._route.journal.note("feedback_id", own)

    def _feedback_of(self, row: dict[str, Any]) -> tsi.FeedbackCreateReq:
        rewrite = self._content.rewriter
        refs = {name: row.get(name) and rewrite.text(row[name]) for name in _REFS}
        return tsi.FeedbackCreateReq(
            project_id=self._route.to_project,
            id=row["id"],
            feedback_type=row["feedback_type"],
            payload=self._content.prepared(row["payload"])[0],
            creator=row.get("creator"),
            wb_user_id=row.get("wb_user_id"),
            **refs,
        )

    def _take_back(self, gone: list[str], done: dict[str, str]) -> None:
        """Delete feedback that was purged or replaced; not that which went with what it is about.

        A store from which old calls are deleted keeps its archive in the target.
        """
        purged = [each for each in gone if self._is_there(done[each])]
        own = self._route.journal.read("feedback_id") if purged else {}
        for start in range(0, len(purged), _BATCH):
            part = purged[start : start + _BATCH]
            if not self._route.is_dry:
                query = {"$expr": has_id([own.get(each, each) for each in part])}
                req = {"project_id": self._route.to_project, "query": query}
                self._route.target.feedback_purge(tsi.FeedbackPurgeReq.model_validate(req))
            self._route.journal.drop("feedback", part)
            self._route.report.taken_back += len(part)

    def _is_there(self, text: str) -> bool:
        """Tell whether what a feedback is about is still in the source."""
        ref = maybe_parse_uri(text)
        source, project_id = self._route.source, self._route.from_project
        if isinstance(ref, CallRef):
            call = source.call_read(tsi.CallReadReq(project_id=project_id, id=ref.id)).call
            return call is not None
        if ref is None or isinstance(ref, TableRef):
            return False
        return self._has_object(ref)

    def _has_object(self, ref: ObjectRef) -> bool:
        req = tsi.ObjReadReq(
            project_id=self._route.from_project,
            object_id=ref.name,
            digest=ref.digest,
            metadata_only=True,
        )
        try:
            self._route.source.obj_read(req)
        except NotFoundError:
            return False
        return True

    # --- prices ---

    def move_costs(self) -> None:
        """Move the project's own prices that were not moved before, and take back those purged."""
        # Their ids in the target, where they are known.
        done = self._route.journal.read("cost")
        # A server gives prices ids of its own: one that was sent, and whose answer got lost, is
        # known by its content.
        target, project_id = self._route.target, self._route.to_project
        moved_ids = set(done.values())
        here = [] if self._route.is_dry else prices(target, project_id)
        here = [each for each in here if each.id not in moved_ids]
        there = prices(self._route.source, self._route.from_project)
        for cost in there:
            if cost.id is None or cost.id in done or cost.llm_id is None:
                continue
            same = next((each for each in here if price_of(each) == price_of(cost)), None)
            moved = ""
            if same is not None:
                here.remove(same)
                moved = same.id or ""
            elif not self._route.is_dry:
                moved = self._create_price(cost.llm_id, cost)
            self._route.journal.note("cost", {cost.id: moved})
            self._route.report.costs += 1
        left = {cost.id for cost in there}
        self._purge_prices({key: moved for key, moved in done.items() if key not in left})

    def _create_price(self, llm_id: str, cost: tsi.CostQueryOutput) -> str:
        price = tsi.CostCreateInput.model_validate(
            {key: each for key, each in price_of(cost).items() if key != "llm_id"}
        )
        req = tsi.CostCreateReq(project_id=self._route.to_project, costs={llm_id: price})
        return self._route.target.cost_create(req).ids[0][0]

    def _purge_prices(self, gone: dict[str, str]) -> None:
        if not gone:
            return
        ids = [each for each in gone.values() if each]
        if ids and not self._route.is_dry:
            query = {"$expr": has_id(ids)}
            req = {"project_id": self._route.to_project, "query": query}
            self._route.target.cost_purge(tsi.CostPurgeReq.model_validate(req))
        self._route.journal.drop("cost", list(gone))
        self._route.report.taken_back += len(gone)
