"""The script that makes the table of prices."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import sys
from decimal import Decimal
from importlib.util import find_spec

import orjson
import pytest

from weave_lite.core.errors import UsageError
from weave_lite.trace_server.prices import build_table
from weave_lite.trace_server.prices.lookup import TABLE_FILE

with_package = pytest.mark.skipif(
    find_spec("genai_prices") is None, reason="genai-prices is a dependency of developers only"
)


def installed_version():
    return importlib.metadata.version("genai-prices") if find_spec("genai_prices") else None


@pytest.fixture(scope="module")
def built():
    """The table as the installed package gives it."""
    return build_table.build()


@pytest.fixture
def package(monkeypatch):
    """A package of prices with providers of the test's own."""
    from genai_prices import data_snapshot, types

    def install(*models, resold=()):
        offers = {"openai": models, "aws": resold, "openrouter": resold}
        providers = [
            types.Provider(
                id=one,
                name=one,
                api_pattern=f"https://{one}",
                model_match=types.ClauseStartsWith(starts_with="gpt-") if one == "openai" else None,
                models=list(offers.get(one, ())),
            )
            for one in ("openai", "anthropic", "google", "cohere", "mistral", "aws", "openrouter")
        ]
        snapshot = data_snapshot.DataSnapshot(providers=providers, from_auto_update=False)
        monkeypatch.setattr(data_snapshot, "get_snapshot", lambda: snapshot)
        monkeypatch.setattr(build_table, "_EARLIER", {})
        return build_table.build()

    return install


def model(model_id, prices, match=None):
    from genai_prices import types

    return types.ModelInfo(
        id=model_id, match=match or types.ClauseEquals(equals=model_id), prices=prices
    )


def price(**amounts):
    from genai_prices import types

    return types.ModelPrice(**{name: Decimal(amount) for name, amount in amounts.items()})


@pytest.mark.skipif(
    installed_version() != build_table.BUILT_FROM, reason="the table is of another version"
)
def test_rebuilding_gives_the_packaged_table(built):
    """Nobody edits the table by hand, and a second run changes nothing."""
    assert build_table.rendered(built) == TABLE_FILE.read_bytes()


@with_package
def test_rendered_text_is_one_model_a_line(built):
    """The text reads back as what was built."""
    text = build_table.rendered(built)
    assert orjson.loads(text) == built
    assert len(text.splitlines()) == len(built) + 2


@with_package
def test_documented_prices_in_any_version(built):
    """The facts hold whatever version of the package is installed."""
    assert [(e["input"], e["output"], e["created_at"][:10]) for e in built["gpt-4o"][:2]] == [
        (5e-06, 1.5e-05, "2024-10-08"),
        (2.5e-06, 1e-05, "2024-12-18"),
    ]
    assert built["openai/gpt-4o"] == built["gpt-4o"]
    assert built["anthropic.claude-3-haiku-20240307-v1:0"][0]["provider"] == "aws"


@with_package
def test_dated_and_tiered_prices(package):
    """Starts become dates; tiers their base; hours of the day and changes of nothing are left out."""
    from genai_prices import types

    tiered = types.ModelPrice(
        input_mtok=types.TieredPrices(
            base=Decimal(2), tiers=[types.Tier(start=1000, price=Decimal(9))]
        ),
        output_mtok=Decimal("0.1"),
        cache_read_mtok=Decimal("0.5"),
        cache_write_mtok=Decimal(3),
    )
    flat = price(input_mtok="2", output_mtok="0.1", cache_read_mtok="0.5", cache_write_mtok="3")

    def since(day, amounts):
        start = types.StartDateConstraint(start_date=dt.date.fromisoformat(day))
        return types.ConditionalPrice(start, prices=amounts)

    table = package(
        model(
            "gpt-x",
            [
                types.ConditionalPrice(prices=tiered),
                since("2025-02-01", flat),
                since("2025-03-01", price(input_mtok="1")),
                types.ConditionalPrice(
                    types.TimeOfDateConstraint(
                        start_time=dt.time(1, tzinfo=dt.UTC), end_time=dt.time(2, tzinfo=dt.UTC)
                    ),
                    prices=price(input_mtok="77"),
                ),
            ],
        )
    )
    assert table["gpt-x"] == [
        {
            "provider": "openai",
            "input": 2e-06,
            "output": 1e-07,
            "created_at": "2024-10-08 00:00:00",
            "cache_read": 5e-07,
            "cache_creation": 3e-06,
        },
        {"provider": "openai", "input": 1e-06, "output": 0.0, "created_at": "2025-03-01 00:00:00"},
    ]


@with_package
def test_a_start_before_the_table_replaces_the_price_before_it(package):
    """What held only before the first date of the table is not in it."""
    from genai_prices import types

    early = types.StartDateConstraint(start_date=dt.date(2024, 1, 1))
    table = package(
        model(
            "gpt-x",
            [
                types.ConditionalPrice(prices=price(input_mtok="9", output_mtok="9")),
                types.ConditionalPrice(early, prices=price(input_mtok="1", output_mtok="2")),
            ],
        )
    )
    assert [(e["input"], e["created_at"]) for e in table["gpt-x"]] == [
        (1e-06, "2024-10-08 00:00:00")
    ]


@with_package
def test_unpriced_models_are_left_out_and_free_ones_are_not(package):
    """A model paid by the minute has no price of tokens; a free one costs zero."""
    from genai_prices import types

    table = package(
        model("gpt-sound", types.ModelPrice(output_audio_mtok=Decimal(3))),
        model("gpt-unknown", types.ModelPrice()),
        model("gpt-x:free", types.ModelPrice()),
    )
    assert {name: (e[0]["input"], e[0]["output"]) for name, e in table.items()} == {
        "gpt-x:free": (0.0, 0.0),
        "openai/gpt-x:free": (0.0, 0.0),
    }


@with_package
def test_literal_aliases_are_names_and_patterns_are_not(package):
    """A name is written only where the package says it, not where a pattern would take it."""
    from genai_prices import types

    match = types.ClauseOr(
        or_=[
            types.ClauseEquals(equals="gpt-x"),
            types.ClauseEquals(equals="gpt-x-2025-01-01"),
            types.ClauseStartsWith(starts_with="gpt-x-other"),
        ]
    )
    table = package(model("gpt-x", price(input_mtok="1", output_mtok="2"), match))
    assert sorted(table) == [
        "gpt-x",
        "gpt-x-2025-01-01",
        "openai/gpt-x",
        "openai/gpt-x-2025-01-01",
    ]


@with_package
def test_a_plain_name_of_several_resellers_is_left_out(package):
    """Which price would hold is not known; with the seller in front it is."""
    ours = model("gpt-x", price(input_mtok="1", output_mtok="2"))
    resold = [model(name, price(input_mtok="5", output_mtok="5")) for name in ("llama-x", "gpt-x")]
    table = package(ours, resold=resold)
    assert {name: entries[0]["provider"] for name, entries in table.items()} == {
        "aws/gpt-x": "aws",
        "aws/llama-x": "aws",
        "bedrock/gpt-x": "aws",
        "bedrock/llama-x": "aws",
        "gpt-x": "openai",
        "openai/gpt-x": "openai",
        "openrouter/gpt-x": "openrouter",
        "openrouter/llama-x": "openrouter",
    }


def test_without_the_package_the_remedy_is_named(monkeypatch):
    """A missing developers' dependency is told with the command that installs it."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    with pytest.raises(UsageError, match="pip install genai-prices"):
        build_table.build()


@with_package
def test_main_writes_the_file(monkeypatch, tmp_path, built):
    """Running the script writes the text to the table's place."""
    target = tmp_path / "table.json"
    monkeypatch.setattr(build_table, "TABLE_FILE", target)
    build_table.main()
    assert target.read_bytes() == build_table.rendered(built)
