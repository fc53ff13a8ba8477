"""What personal data looks like, of the kinds that a pattern and its check digits can tell. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from weave_lite.serialize.pii import checks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_ENTITIES", "PATTERNS", "Pattern"]


class Pattern(NamedTuple):
    """How one kind is found: the group ``found``, or the whole match, if the check takes it."""

    regex: re.Pattern[str]
    check: Callable[[str], bool] | None = None


# Not inside a longer word or number.
_START, _END = r"(?<![\w.])", r"(?![\w])"


def _pattern(text: str, check: Callable[[str], bool] | None = None, flags: int = 0) -> Pattern:
    return Pattern(re.compile(text, flags | re.ASCII), check)


# Ordered: what is surer comes first, for a text is replaced once.
PATTERNS = {
    "EMAIL_ADDRESS": _pattern(
        r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"
    ),
    "IBAN_CODE": _pattern(
        _START + r"[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?" + _END,
        checks.is_iban,
    ),
    "CREDIT_CARD": _pattern(_START + r"\d(?:[ -]?\d){11,18}" + _END, checks.is_card),
    "CRYPTO": _pattern(
        _START
        + r"(?:bc1[02-9ac-hj-np-z]{11,71}|0x[0-9a-fA-F]{40}|[13][1-9A-HJ-NP-Za-km-z]{25,34})"
        + _END,
        checks.is_bitcoin_address,
    ),
    "US_SSN": _pattern(_START + r"\d{3}[- ]\d{2}[- ]\d{4}" + _END, checks.is_us_ssn),
    "ES_NIF": _pattern(
        _START + r"(?:\d{8}|[XYZxyz]-?\d{7})-?[A-Za-z]" + _END, checks.is_spanish_id
    ),
    "FI_PERSONAL_IDENTITY_CODE": _pattern(
        _START + r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-Y]" + _END,
        checks.is_finnish_id,
    ),
    "IN_PAN": _pattern(_START + r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]" + _END),
    "IN_AADHAAR": _pattern(_START + r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}" + _END, checks.is_aadhaar),
    "UK_NINO": _pattern(
        _START
        + r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D]"
        + _END
    ),
    # After the code of a country it is a telephone number.
    "UK_NHS": _pattern(
        r"(?<!\+\d[ -])(?<!\+\d\d[ -])(?<!\+\d\d\d[ -])"
        + _START
        + r"\d{3}[ -]\d{3}[ -]\d{4}"
        + _END,
        checks.is_nhs_number,
    ),
    # These have nothing to tell them by but the words before them.
    "US_PASSPORT": _pattern(
        r"passport\D{0,20}?\b(?P<found>[A-Za-z]?\d{8,9})" + _END, flags=re.IGNORECASE
    ),
    "US_BANK_NUMBER": _pattern(
        r"account\D{0,20}?\b(?P<found>\d{8,17})" + _END, flags=re.IGNORECASE
    ),
    "US_DRIVER_LICENSE": _pattern(
        r"driv\w*['s]* licen[cs]e\W{0,3}(?:(?:no|number|id|is|#)\W{0,3}){0,2}(?P<found>[A-Z]{0,3}\d[\dA-Z-]{4,14})"
        + _END,
        flags=re.IGNORECASE,
    ),
    "IP_ADDRESS": _pattern(
        r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}(?=:\d)|(?:\d{1,3}\.){3}\d{1,3}(?!:)|(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{3,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?!:))(?!\w|\.\d)",
        checks.is_ip,
    ),
    "PHONE_NUMBER": _pattern(
        r"(?<![\w.+/-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,13}|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{3,4}(?:[ -]?\d{2,4})?)(?![\w/-]|\.\d)",
        checks.is_phone,
    ),
}

# What upstream looks for when nothing is named. A pattern cannot tell a name or a place.
DEFAULT_ENTITIES = (*PATTERNS, "LOCATION", "PERSON")
