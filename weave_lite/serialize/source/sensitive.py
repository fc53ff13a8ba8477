"""What must not be written in clear beside an op: secrets, known by their name or their shape.

Wider than the redaction of calls, because a module's globals are captured without being asked for.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["REDACTED", "is_secret_name", "is_token_name", "mask_text"]

REDACTED = "REDACTED"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "apikey",
        "apikeys",
        "authorization",
    }
)
_SECRET_PAIRS = frozenset(
    {
        *((first, key) for first in ("api", "private", "secret", "access", "signing", "encryption", "account", "ssh", "master") for key in ("key", "keys")),
        ("auth", "header"),
        ("auth", "headers"),
        ("connection", "string"),
        ("pass", "word"),
    }
)  # fmt: skip
# "tokens" is left out on purpose: max_tokens and n_tokens are numbers that belong to the code.
_TOKEN_WORDS = frozenset({"token", "auth", "bearer", "jwt", "cookie", "cookies", "dsn"})

_SHAPES = re.compile(
    r"""
      \bsk-(?=[\w-]*[0-9])[\w-]{16,}                      # OpenAI, Anthropic and many others
    | \b(?:sk|rk|pk)_(?:live|test)_\w{16,}                # Stripe
    | \bgh[pousr]_\w{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{16,}
    | \bhf_\w{20,} | \bxox[abeoprs]-[\w-]{10,} | \bgsk_\w{20,} | \br8_\w{20,} | \bpypi-[\w-]{16,}
    | \bA(?:KIA|SIA)[0-9A-Z]{16}\b | \bAIza[\w-]{30,} | \bya29\.[\w-]{16,}
    | \beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?           # a JSON web token
    | (?<=Bearer\ )[\w.~+/-]{12,}=* | (?<=Basic\ )[\w+/]{12,}=*
    | (?<=://)[^\s/:@"']+:[^\s/@"']+(?=@)                 # user and password in a URL
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
# key='value' and "key": "value", as reprs of settings show them
_ASSIGNED = re.compile(r"""\b(\w+)(['"]?\s*[=:]\s*(?:\w+\()?)(['"])((?:\\.|(?!\3).)+)\3""")


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that its value is secret, whatever the value.

    Example:
        >>> is_secret_name("OPENAI_API_KEY"), is_secret_name("dbPassword"), is_secret_name("keys")
        (True, True, False)
    """
    words = _words(name)
    return not _SECRET_WORDS.isdisjoint(words) or any(
        pair in _SECRET_PAIRS for pair in pairwise(words)
    )


def is_token_name(name: str) -> bool:
    """Tell whether a name says that a *text* of this name is secret: ``token``, ``auth``, ``dsn``."""
    return not _TOKEN_WORDS.isdisjoint(_words(name))


def mask_text(text: str) -> str:
    """Return a text with everything that has the shape of a secret replaced by ``REDACTED``.

    Example:
        >>> mask_text("postgres://app:hunter2@db/x")
        'postgres://REDACTED@db/x'
    """
    if len(text) < len("k='v'"):
        return text
    return _ASSIGNED.sub(_mask_assigned, _SHAPES.sub(REDACTED, text))


def _mask_assigned(match: re.Match[str]) -> str:
    name, middle, quote, _ = match.groups()
    if not is_secret_name(name) and not is_token_name(name):
        return match.group()
    return f"{name}{middle}{quote}{REDACTED}{quote}"


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
