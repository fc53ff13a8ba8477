"""The built-in table of prices."""

from __future__ import annotations

import datetime as dt
import math
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from weave_lite.core.clock import to_micros
from weave_lite.trace_server.prices.choose import Price, choose
from weave_lite.trace_server.prices.lookup import TABLE_FILE, default_prices

MODEL_IDS = Path(__file__).parents[2] / "data" / "price_model_ids.txt"


def instant(text):
    return to_micros(dt.datetime.fromisoformat(text))


def amounts(llm_id):
    return [(p.prompt_token_cost, p.completion_token_cost) for p in default_prices(llm_id)]


def day(price):
    return dt.datetime.fromtimestamp(price.effective_date / 1e6, dt.UTC).date().isoformat()


def test_documented_prices():
    """Amounts and dates that upstream's table has too."""
    assert amounts("gpt-4") == [(3e-05, 6e-05)]
    assert amounts("gpt-4o") == [(5e-06, 1.5e-05), (2.5e-06, 1e-05)]
    assert [day(price) for price in default_prices("gpt-4o")] == ["2024-10-08", "2024-12-18"]
    assert amounts("gpt-4o-mini") == [(1.5e-07, 6e-07)]


def test_whole_price_of_a_model():
    """All fields of a price at the default level."""
    since = instant("2024-12-18T09:00:21")
    assert default_prices("gpt-4o")[1] == Price(
        id="default:gpt-4o:2024-12-18 09:00:21",
        level="default",
        level_id="default",
        provider_id="openai",
        llm_id="gpt-4o",
        effective_date=since,
        prompt_token_cost=2.5e-06,
        completion_token_cost=1e-05,
        prompt_token_cost_unit="USD",
        completion_token_cost_unit="USD",
        cache_read_input_token_cost=1.25e-06,
        cache_creation_input_token_cost=None,
        created_by="system",
        created_at=since,
    )


@pytest.mark.parametrize(
    ("started_at", "prompt_token_cost"),
    [
        ("2024-01-01T00:00:00", 2.5e-06),
        ("2024-11-01T00:00:00", 5e-06),
        ("2024-12-18T09:00:20", 5e-06),
        ("2024-12-18T09:00:21", 2.5e-06),
    ],
)
def test_the_dates_of_the_table_decide(started_at, prompt_token_cost):
    """A call has the price of its day; one older than the table has the latest."""
    chosen = choose(default_prices("gpt-4o"), instant(started_at))
    assert chosen is not None
    assert chosen.prompt_token_cost == prompt_token_cost


@pytest.mark.parametrize("name", ["", "GPT-4", "gpt-4 ", "llama-at-home", "ollama/llama3"])
def test_unknown_models_have_no_prices(name):
    """Names are exact; a model on the own machine is no provider's."""
    assert default_prices(name) == ()


def test_every_documented_model_id_has_a_price():
    """The ids of upstream's table that genai-prices resolves."""
    ids = MODEL_IDS.read_text(encoding="utf-8").split()
    assert len(ids) == 427
    assert [name for name in ids if not default_prices(name)] == []


def test_every_entry_is_well_formed():
    """Amounts are finite and not negative, dates rise strictly, and changes change something."""
    table = orjson.loads(TABLE_FILE.read_bytes())
    assert list(table) == sorted(table)
    for name, entries in table.items():
        dates = [dt.datetime.fromisoformat(entry["created_at"]) for entry in entries]
        assert dates
        assert dates == sorted(set(dates)), name
        for entry in entries:
            costs = [entry[key] for key in entry if key not in ("provider", "created_at")]
            assert len(costs) >= 2, name
            assert all(math.isfinite(cost) and 0 <= cost < 0.01 for cost in costs), name
        states = [{**entry, "created_at": ""} for entry in entries]
        assert all(a != b for a, b in zip(states, states[1:], strict=False)), name


def test_the_table_is_read_once_and_only_when_asked():
    """Importing the modules reads no file; the second model needs no second reading."""
    program = """
import sys
read = []
sys.addaudithook(lambda name, args: read.append(1) if name == "open" and
                 str(args[0]).endswith("table.json") else None)
from weave_lite.trace_server.prices import choose, lookup
assert read == [], read
assert lookup.default_prices("gpt-4") and lookup.default_prices("gpt-4o")
assert lookup.default_prices("gpt-4") is lookup.default_prices("gpt-4")
assert read == [1], read
assert not {"genai_prices", "pydantic", "sqlalchemy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
