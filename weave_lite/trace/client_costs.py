"""The part of the client that keeps prices of models, and reads what calls cost."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace.requests import equal, query_of, request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from weave_lite.trace.call import Call
    from weave_lite.trace_server.interface.costs import CostCreateRes, CostQueryOutput
    from weave_lite.trace_server.interface.query import Query
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["ClientCosts"]

_UNIT = "USD"
_PROVIDER = "default"


class ClientCosts:
    """Prices of models in one project."""

    if TYPE_CHECKING:
        server: TraceServerInterface
        get_call: Callable[..., Call]

        @property
        def project_id(self) -> str:
            """The project as ``entity/project``."""

    def add_cost(
        self,
        llm_id: str,
        prompt_token_cost: float,
        completion_token_cost: float,
        effective_date: dt.datetime | None = None,
        prompt_token_cost_unit: str | None = _UNIT,
        completion_token_cost_unit: str | None = _UNIT,
        provider_id: str | None = _PROVIDER,
    ) -> CostCreateRes:
        """Set what a model costs in this project from a date on; prices that it has stay.

        Args:
            llm_id: The model, named as the usage of its calls does.
            prompt_token_cost: Price of one token that goes in.
            completion_token_cost: Price of one token that comes out.
            effective_date: From when on; by default now. Without a zone it is UTC.
            prompt_token_cost_unit: Currency of the price.
            completion_token_cost_unit: Currency of the price.
            provider_id: Who offers the model.

        Returns:
            Its ``ids``: a list of one pair, the id of the price and ``llm_id``.

        Raises:
            InvalidRequest: A price is negative or not a number, or another argument does not fit.

        Example:
            Price a model of your own at one dollar for a million tokens, and look at a call::

                client.add_cost("my-model", prompt_token_cost=1e-6, completion_token_cost=1e-6)
                client.get_call(call_id, include_costs=True).costs
        """
        from weave_lite.trace_server.interface import costs as wire  # noqa: PLC0415 - needs pydantic

        price = {
            "prompt_token_cost": prompt_token_cost,
            "completion_token_cost": completion_token_cost,
            "effective_date": dt.datetime.now(dt.UTC) if effective_date is None else effective_date,
            "prompt_token_cost_unit": prompt_token_cost_unit,
            "completion_token_cost_unit": completion_token_cost_unit,
            "provider_id": provider_id,
        }
        req = request_of(wire.CostCreateReq, project_id=self.project_id, costs={llm_id: price})
        return self.server.cost_create(req)

    def query_costs(
        self,
        query: Query | Mapping[str, Any] | str | None = None,
        llm_ids: Iterable[str] | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> list[CostQueryOutput]:
        """Find prices that were set in this project, the oldest first.

        Args:
            query: The id of a price, or a condition in the query language, also as a dict.
            llm_ids: Only prices of these models; an empty list means all.
            offset: How many to skip.
            limit: Most prices.

        Raises:
            InvalidQueryError: The query is neither.
            InvalidRequest: Another argument does not fit.
        """
        from weave_lite.trace_server.interface import costs as wire  # noqa: PLC0415 - needs pydantic

        if isinstance(query, str):
            query = {"$expr": equal("id", query)}
        condition = query_of(query)
        parts: list[Any] = [] if condition is None else [condition.expr_]
        models = [] if llm_ids is None else _texts("llm_ids", llm_ids)
        if models:
            parts.append(_is_one_of("llm_id", models))
        # A hosted server wants a condition, so there always is one.
        expr = {"$and": parts} if parts else {"$eq": [{"$literal": "1"}, {"$literal": "1"}]}
        req = request_of(
            wire.CostQueryReq,
            project_id=self.project_id,
            query={"$expr": expr},
            offset=offset or None,
            limit=limit,
        )
        return self.server.cost_query(req).results

    def purge_costs(self, ids: Iterable[str] | str) -> None:
        """Delete prices of this project for good; unknown ids are ignored.

        Args:
            ids: The id of a price, or a list of them.

        Raises:
            InvalidRequest: They are not texts.
        """
        from weave_lite.trace_server.interface import costs as wire  # noqa: PLC0415 - needs pydantic

        wanted = [ids] if isinstance(ids, str) else _texts("ids", ids)
        if wanted:
            query = {"$expr": _is_one_of("id", wanted)}
            req = request_of(wire.CostPurgeReq, project_id=self.project_id, query=query)
            self.server.cost_purge(req)

    def read_costs(self, call_id: str) -> dict[str, Any]:
        """Read what a call cost, by model; empty without usage.

        Raises:
            NotFoundError: There is no such call.
        """
        call = self.get_call(call_id, include_costs=True, columns=["summary"])
        found: dict[str, Any] = (call.summary.get("weave") or {}).get("costs") or {}
        return found


def _is_one_of(field: str, values: list[str]) -> dict[str, Any]:
    return {"$in": [{"$getField": field}, [{"$literal": value} for value in values]]}


def _texts(name: str, given: Iterable[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    for text in texts:
        if not isinstance(text, str):
            raise InvalidRequest(f"{name} must be a list of texts, without {text!r:.100}")
    return texts
