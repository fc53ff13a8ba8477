"""Check digits: whether what looks like a card, account or personal number is one. Pure."""

from __future__ import annotations

import hashlib
import ipaddress

__all__ = [
    "is_aadhaar",
    "is_bitcoin_address",
    "is_card",
    "is_finnish_id",
    "is_iban",
    "is_ip",
    "is_nhs_number",
    "is_phone",
    "is_spanish_id",
    "is_us_ssn",
]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CARD_LENGTHS = range(12, 20)
_IBAN_LENGTHS = range(15, 35)
_PHONE_LENGTHS = range(7, 16)
_BITCOIN_BYTES = 25


def _digits(text: str) -> list[int]:
    return [int(letter) for letter in text if letter in "0123456789"]


def is_card(text: str) -> bool:
    """Check the Luhn digit of a payment card.

    Example:
        >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
        (True, False)
    """
    digits = _digits(text)
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Check the remainder of a bank account.

    Example:
        >>> is_iban("GB82 WEST 1234 5698 7654 32")
        True
    """
    plain = text.replace(" ", "").upper()
    if len(plain) not in _IBAN_LENGTHS:
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def is_ip(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text != "::"


def is_phone(text: str) -> bool:
    """Tell whether the digits are as many as a number has; a date or a time is none."""
    return len(_digits(text)) in _PHONE_LENGTHS


def is_bitcoin_address(text: str) -> bool:
    """Check the hash at the end of an address of the old form; the new form is its own pattern."""
    if text.startswith(("bc1", "0x")):
        return True
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    try:
        raw = number.to_bytes(_BITCOIN_BYTES, "big")
    except OverflowError:
        return False
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def is_us_ssn(text: str) -> bool:
    """Leave out the numbers that are never given."""
    digits = "".join(str(digit) for digit in _digits(text))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def is_nhs_number(text: str) -> bool:
    """Check the last digit of a British health number."""
    digits = _digits(text)
    rest = (
        11
        - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    )
    return rest % 11 == digits[-1]


def is_spanish_id(text: str) -> bool:
    """Check the letter of a Spanish tax number.

    Example:
        >>> is_spanish_id("12345678Z")
        True
    """
    plain = text.replace("-", "").upper()
    number = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _SPANISH[int(number) % 23] == plain[-1]


def is_finnish_id(text: str) -> bool:
    """Check the letter of a Finnish personal number.

    Example:
        >>> is_finnish_id("131052-308T")
        True
    """
    return _FINNISH[int(text[:6] + text[7:10]) % 31] == text[-1].upper()


def is_aadhaar(text: str) -> bool:
    """Check the last digit of an Indian number, by the method of Verhoeff."""
    check = 0
    for place, digit in enumerate(reversed(_digits(text))):
        check = _dihedral(check, _permuted(place, digit))
    return check == 0


def _dihedral(a: int, b: int) -> int:
    """Multiply in the group of the ten symmetries of a pentagon."""
    if a < 5:  # noqa: PLR2004 - rotations come before reflections
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5  # noqa: PLR2004
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5  # noqa: PLR2004


def _permuted(place: int, digit: int) -> int:
    order = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    for _ in range(place % 8):
        digit = order[digit]
    return digit
