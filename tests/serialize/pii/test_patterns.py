"""Tests of the patterns: each finds its kind, and not what only looks like it."""

from __future__ import annotations

import time

import pytest

from weave_lite.serialize.pii.patterns import PATTERNS
from weave_lite.serialize.pii.redactor import Redactor

FOUND = [
    ("EMAIL_ADDRESS", "a.b+c@ex-ample.co.uk"),
    ("IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ("IBAN_CODE", "GB82WEST12345698765432"),
    ("CREDIT_CARD", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "378282246310005"),
    ("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("US_SSN", "536-90-4399"),
    ("ES_NIF", "12345678Z"),
    ("ES_NIF", "X-1234567-L"),
    ("FI_PERSONAL_IDENTITY_CODE", "131052-308T"),
    ("IN_PAN", "ABCPE1234F"),
    ("IN_AADHAAR", "2345 6789 0124"),
    ("UK_NINO", "AB 12 34 56 C"),
    ("UK_NHS", "943 476 5919"),
    ("US_PASSPORT", "passport number is |912803456"),
    ("US_BANK_NUMBER", "Account: |945456787654"),
    ("US_DRIVER_LICENSE", "driver's license number is |AC432223"),
    ("IP_ADDRESS", "192.168.1.10"),
    ("IP_ADDRESS", "fe80::1ff:fe23:4567:890a"),
    ("IP_ADDRESS", "::1"),
    ("PHONE_NUMBER", "+1 (415) 555-2671"),
    ("PHONE_NUMBER", "(415) 555-2671"),
    ("PHONE_NUMBER", "+49 30 1234567"),
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_what_is_found(kind, text):
    """All of it, by its own pattern, within a sentence."""
    before, _, _ = text.rpartition("|")

    redacted = Redactor({kind: PATTERNS[kind]}).text(f"See {text.replace('|', '')}, please.")

    assert redacted == f"See {before}<{kind}>, please."


def test_the_code_of_a_country_makes_it_a_telephone_number():
    """Though the digits behind it are those of another kind."""
    redactor = Redactor(PATTERNS)

    assert (
        redactor.text("Call +1 943 476 5919 or 943 476 5919") == "Call <PHONE_NUMBER> or <UK_NHS>"
    )


def test_each_kind_is_tested():
    """A new pattern needs an example."""
    assert {kind for kind, _ in FOUND} == set(PATTERNS)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 11:35:00 took 12.345 s, 1,000,000 rows, version 1.2.3",
        "2026-11-21T11:35:00.123456+00:00",
        "id 0191f3e2-22e4-740e-97d7-d387e1aaf0e1",
        "bRxdynnM4XlT6I43Xg2mh0wF3qygUupsXRvYYA9BX5w",
        "card 4111 1111 1111 1112",
        "000-12-3456 and 900-12-3456",
        "12345678A",
        "131052-308A",
        "999.1.1.1",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "@property and user@host",
        "std::vector<int> a[10]",
        "GB82 WEST 1234 5698 7654 33",
    ],
)
def test_what_is_left_alone(text):
    """Dates, ids, digests, versions, code, and numbers whose check digits are wrong."""
    assert Redactor(PATTERNS).text(text) == text


@pytest.mark.parametrize(
    "part",
    ["1", "1 ", "a@", "a.b.", "1.2.", "AA11 ", ":1", "+1 ", "account ", "driver license no "],
)
def test_long_texts_take_linear_time(part):
    """No text makes a pattern go back again and again."""
    redactor = Redactor(PATTERNS)
    text = part * (100_000 // len(part)) + "1"

    start = time.perf_counter()
    redactor.text(text)

    assert time.perf_counter() - start < 2
