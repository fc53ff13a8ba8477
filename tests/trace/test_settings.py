"""Settings: defaults, given values, environment."""

from __future__ import annotations

import threading

import pytest
from pydantic import ValidationError

from weave_lite.core.errors import UsageError
from weave_lite.trace import settings
from weave_lite.trace.settings import Settings, UserSettings, resolve


def test_defaults_are_those_of_the_contract():
    """Except the link, which an embedded store does not have."""
    assert resolve(None, {}) == Settings()
    assert (Settings().disabled, Settings().capture_code, Settings().print_call_link) == (
        False,
        True,
        False,
    )


def test_environment_wins_over_given_values():
    """Truth words in any case; an empty variable counts as unset."""
    env = {
        "WEAVE_DISABLED": "Yes",
        "WEAVE_CAPTURE_CODE": "0",
        "WEAVE_CLIENT_PARALLELISM": "0",
        "WEAVE_REDACT_PII_FIELDS": "EMAIL, PHONE,",
        "WEAVE_RETRY_MAX_INTERVAL": "1.5",
        "WEAVE_PRINT_CALL_LINK": "",
        "WEAVE_SCORERS_DIR": "models",
    }
    found = resolve({"disabled": False, "print_call_link": True, "client_parallelism": 7}, env)
    assert found == Settings(
        disabled=True,
        capture_code=False,
        client_parallelism=0,
        redact_pii_fields=("EMAIL", "PHONE"),
        retry_max_interval=1.5,
        print_call_link=True,
        scorers_dir="models",
    )
    assert found.is_sync


@pytest.mark.parametrize("given", [{"disabled": True}, UserSettings(disabled=True)])
def test_a_dict_or_an_object_may_be_given(given):
    """Both mean the same."""
    assert resolve(given, {}) == Settings(disabled=True)


@pytest.mark.parametrize(
    "given",
    [
        {"unknown": 1},
        {"disabled": "perhaps"},
        {"client_parallelism": -1},
        {"retry_max_attempts": -1},
        {"retry_max_interval": -0.5},
        {"http_timeout": -1},
        {"server_cache_size_limit": -1},
    ],
)
def test_what_does_not_fit_is_a_validation_error(given):
    """pydantic's, which is a ValueError."""
    with pytest.raises(ValidationError):
        resolve(given, {})


def test_a_number_that_is_none_names_its_variable():
    """In the environment."""
    with pytest.raises(UsageError, match="WEAVE_CLIENT_PARALLELISM must be a number"):
        resolve(None, {"WEAVE_CLIENT_PARALLELISM": "many"})


def test_settings_are_process_wide():
    """Every thread sees the same."""
    settings.use(Settings(disabled=True))
    seen = []
    worker = threading.Thread(target=lambda: seen.append(settings.current()))
    worker.start()
    worker.join()
    assert seen == [Settings(disabled=True)]


def test_all_fields_exist_on_both_classes():
    """The frozen settings and what users pass."""
    assert set(Settings._fields) == set(UserSettings.model_fields)
    defaults = UserSettings().model_dump()
    assert {**defaults, "redact_pii_fields": ()} == Settings()._asdict()
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = settings.Unknown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("client_parallelism", "-1"),
        ("max_calls_queue_size", "-5"),
        ("retry_max_interval", "nan"),
        ("retry_max_interval", "-0.5"),
    ],
)
def test_a_number_out_of_range_names_its_variable(name, text):
    """As with given settings."""
    with pytest.raises(UsageError, match=f"WEAVE_{name.upper()} must be a number from 0"):
        resolve(None, {f"WEAVE_{name.upper()}": text})


def test_newer_names_are_taken():
    """Log level, time-out of requests and viewer."""
    env = {"WEAVE_LOG_LEVEL": "debug", "WEAVE_HTTP_TIMEOUT": "2.5", "WEAVE_DISPLAY_VIEWER": "print"}

    assert resolve(None, env) == Settings(
        log_level="DEBUG", http_timeout=2.5, display_viewer="print"
    )
    assert resolve({"log_level": "ERROR", "display_viewer": "rich"}, {}).log_level == "ERROR"
    with pytest.raises(UsageError, match="WEAVE_LOG_LEVEL must be one of DEBUG, INFO"):
        resolve(None, {"WEAVE_LOG_LEVEL": "loud"})
    with pytest.raises(ValidationError):
        resolve({"log_level": "loud"}, {})


def test_the_viewer_is_one_of_three():
    """In the environment as in given settings."""
    with pytest.raises(UsageError, match="WEAVE_DISPLAY_VIEWER must be one of auto, rich, print"):
        resolve(None, {"WEAVE_DISPLAY_VIEWER": "loud"})
    with pytest.raises(ValidationError):
        resolve({"display_viewer": "loud"}, {})
