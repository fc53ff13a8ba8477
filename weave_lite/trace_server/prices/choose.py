"""A price of a model's tokens, and the rule which of several holds for a call.

Pure: it knows neither the built-in table nor the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEFAULT_LEVEL", "PROJECT_LEVEL", "Level", "Price", "choose"]

Level = Literal["project", "default"]

PROJECT_LEVEL: Final = "project"
DEFAULT_LEVEL: Final = "default"


class Price(NamedTuple):
    """What a model's tokens cost from a date on; instants are microseconds since the epoch.

    Attributes:
        level_id: The project's id at the project level, ``default`` at the default level.
        prompt_token_cost: Per single token, in the unit beside it; so are the other costs.
        cache_read_input_token_cost: None when not known.
        cache_creation_input_token_cost: None when not known.
    """

    id: str
    level: Level
    level_id: str
    provider_id: str
    llm_id: str
    effective_date: int
    prompt_token_cost: float
    completion_token_cost: float
    prompt_token_cost_unit: str | None
    completion_token_cost_unit: str | None
    cache_read_input_token_cost: float | None
    cache_creation_input_token_cost: float | None
    created_by: str | None
    created_at: int


def choose(candidates: Iterable[Price], started_at: int) -> Price | None:
    """Pick the price that holds for a call which started at ``started_at`` (microseconds).

    A price already in effect goes before one that is not yet; then the project's before a
    default; then the one with the later effective date; then the one created later. None if
    there are no candidates. The provider is not looked at.
    """

    def rank(price: Price) -> tuple[bool, bool, int, int, str]:
        return (
            price.effective_date <= started_at,
            price.level == PROJECT_LEVEL,
            price.effective_date,
            price.created_at,
            # Two prices of one request share both dates; the answer must not hang on row order.
            price.id,
        )

    return max(candidates, key=rank, default=None)
