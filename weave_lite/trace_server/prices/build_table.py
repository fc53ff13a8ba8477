"""Builds ``table.json``, the built-in prices, from the package ``genai-prices``.

Run as ``python -m weave_lite.trace_server.prices.build_table`` after an upgrade of that package.
A price with tiers is written as its base tier, and one that hangs on the time of day as the price
without that condition: the table has one price per model and date.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from weave_lite.core.errors import UsageError
from weave_lite.trace_server.prices.lookup import TABLE_FILE, PriceEntry

if TYPE_CHECKING:
    import datetime as dt

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import MatchLogic, ModelInfo, ModelPrice, Provider

    _Named = tuple[Provider, ModelInfo]

__all__ = ["BUILT_FROM", "NAMES_FILE", "build", "main", "rendered"]

# The version of the package that the table in the repository comes from.
BUILT_FROM: Final = "0.2.3"

# Names that programs use for models beside the package's own ids: dated and prefixed forms.
NAMES_FILE: Final = Path(__file__).with_name("names.txt")

# Prices of which the package does not know the start hold from here on.
_EARLIEST: Final = "2024-10-08 00:00:00"
_TOKENS_PER_UNIT: Final = 1_000_000
# What programs write before a model's name, where it is not the package's id of the provider.
_OTHER_PREFIXES: Final = {
    "aws": ("bedrock",),
    "fireworks": ("fireworks_ai",),
    "google": ("gemini", "vertex_ai"),
    "together": ("together_ai",),
    "voyageai": ("voyage",),
    "x-ai": ("xai",),
}
# The package infers no provider from such names; the dotted form is of one alone.
_AWS_NAME: Final = re.compile(
    r"(?:[a-z]+\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|writer)\."
)
# Hosts behind another host; nobody names a model by them.
_LEFT_OUT: Final = "huggingface_"
# Hosts whose other names of models are the makers' names, cut short.
_NO_ALIASES: Final = ("openrouter",)
# Makers of models, looked through for plain names from which no provider is inferred.
_MAKERS: Final = ("openai", "anthropic", "google", "cohere", "mistral")
# The package writes free models without any amount, and so models that it cannot price.
_FREE: Final = re.compile(r".*:free|gemma-.*|moderation")
# Price changes that happened before the package kept dates. Later entries stay as built.
_EARLIER: Final[dict[str, tuple[PriceEntry, str]]] = {
    name: (
        {"provider": "openai", "input": 5e-06, "output": 1.5e-05, "created_at": _EARLIEST},
        "2024-12-18 09:00:21",
    )
    for name in ("gpt-4o", "openai/gpt-4o")
}


def build() -> dict[str, list[PriceEntry]]:
    """Build the table: every name that means one model, with its prices, the oldest first.

    Raises:
        UsageError: ``genai-prices`` is not installed.
    """
    snapshot = _snapshot()
    named = _own_names(snapshot)
    for name in NAMES_FILE.read_text(encoding="utf-8").split():
        if found := _resolved(snapshot, name):
            named[name] = found
    table = {name: entries for name in sorted(named) if (entries := _entries(*named[name]))}
    for name, (earlier, next_from) in _EARLIER.items():
        first, *rest = table[name]
        table[name] = [earlier, {**first, "created_at": next_from}, *rest]
    return table


def rendered(table: dict[str, list[PriceEntry]]) -> bytes:
    """Write a table as JSON text with one model a line, so that changes show as lines."""
    lines = (orjson.dumps(name) + b":" + orjson.dumps(table[name]) for name in table)
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def main() -> None:
    """Write the packaged table anew."""
    TABLE_FILE.write_bytes(rendered(build()))


def _snapshot() -> DataSnapshot:
    try:
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - only to build
    except ImportError as error:
        raise UsageError(
            "the price table is built from the package genai-prices, which is not installed; "
            "run: pip install genai-prices"
        ) from error
    return get_snapshot()


def _own_names(snapshot: DataSnapshot) -> dict[str, _Named]:
    """Collect the package's exact names of models, with and without their providers' prefixes.

    A name without prefix that several providers use for prices of their own is left out, unless
    the package infers one of them from it.
    """
    prefixed: dict[str, _Named] = {}
    owners: dict[str, list[_Named]] = {}
    for provider in snapshot.providers:
        if provider.id.startswith(_LEFT_OUT):
            continue
        for model in provider.models:
            aliases = () if provider.id in _NO_ALIASES else _equal_names(model.match)
            for name in dict.fromkeys((model.id, *aliases)):
                owners.setdefault(name, []).append((provider, model))
                for prefix in (provider.id, *_OTHER_PREFIXES.get(provider.id, ())):
                    # Some providers' ids begin with the provider's name already.
                    full = f"{prefix}/{name.removeprefix(f'{prefix}/')}"
                    prefixed.setdefault(full, (provider, model))
    plain: dict[str, _Named] = {}
    for name, candidates in owners.items():
        inferred = _resolved(snapshot, name)
        same = [one for one in candidates if inferred and one[0] is inferred[0]]
        if same or len(candidates) == 1:
            plain[name] = (same or candidates)[0]
    return plain | prefixed


def _equal_names(match: MatchLogic) -> list[str]:
    """List the names that a rule of the package accepts literally."""
    from genai_prices.types import ClauseEquals, ClauseOr  # noqa: PLC0415 - only to build

    if isinstance(match, ClauseEquals):
        return [match.equals]
    if isinstance(match, ClauseOr):
        return [name for clause in match.or_ for name in _equal_names(clause)]
    return []


def _resolved(snapshot: DataSnapshot, name: str) -> _Named | None:
    """Find what a name means: by its prefix, as a whole, then by who makes such models."""
    from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415 - only to build

    prefix, slash, rest = name.partition("/")
    provider = find_provider_by_id(snapshot.providers, prefix) if slash else None
    if provider is not None:
        for reference in (rest, name):
            if model := provider.find_model(reference, all_providers=snapshot.providers):
                return provider, model
    try:
        return snapshot.find_provider_model(name, None, None, None)
    except LookupError:
        return None if slash else _of_a_maker(snapshot, name)


def _of_a_maker(snapshot: DataSnapshot, name: str) -> _Named | None:
    by_id = {provider.id: provider for provider in snapshot.providers}
    for provider_id in ("aws",) if _AWS_NAME.match(name) else _MAKERS:
        provider = by_id[provider_id]
        if model := provider.find_model(name):
            return provider, model
    return None


def _entries(provider: Provider, model: ModelInfo) -> list[PriceEntry]:
    """Write a model's prices by date, leaving out dates on which nothing here changed."""
    entries: list[PriceEntry] = []
    for created_at, price in _dated(model):
        entry = _entry(provider, model, price, created_at)
        if entry and (not entries or {**entries[-1], "created_at": created_at} != entry):
            entries.append(entry)
    return entries


def _dated(model: ModelInfo) -> list[tuple[str, ModelPrice]]:
    """List the prices with the instants from which they hold, the oldest first."""
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415 - only to build

    if isinstance(model.prices, ModelPrice):
        return [(_EARLIEST, model.prices)]
    by_start: dict[str, ModelPrice] = {}
    for conditional in model.prices:
        if conditional.constraint is None:
            by_start[_EARLIEST] = conditional.prices
        elif isinstance(conditional.constraint, StartDateConstraint):
            by_start[_instant(conditional.constraint.start_date)] = conditional.prices
    return sorted(by_start.items(), key=lambda item: item[0])


def _instant(day: dt.date) -> str:
    return max(f"{day.isoformat()} 00:00:00", _EARLIEST)


def _entry(
    provider: Provider, model: ModelInfo, price: ModelPrice, created_at: str
) -> PriceEntry | None:
    """Write one price; None if the model is not priced by tokens of input."""
    prompt_cost = _per_token(price, "input_mtok")
    if prompt_cost is None:
        if _FREE.fullmatch(model.id) is None:
            return None
        prompt_cost = 0.0
    entry: PriceEntry = {
        "provider": provider.id,
        "input": prompt_cost,
        # Models that answer no text, such as embeddings, have no such tokens to pay.
        "output": _per_token(price, "output_mtok") or 0.0,
        "created_at": created_at,
    }
    if (cache_read := _per_token(price, "cache_read_mtok")) is not None:
        entry["cache_read"] = cache_read
    if (cache_creation := _per_token(price, "cache_write_mtok")) is not None:
        entry["cache_creation"] = cache_creation
    return entry


def _per_token(price: ModelPrice, key: str) -> float | None:
    amount: Any = getattr(price, key, None)
    if amount is None:
        return None
    return float(Decimal(getattr(amount, "base", amount)) / _TOKENS_PER_UNIT)


if __name__ == "__main__":
    main()
