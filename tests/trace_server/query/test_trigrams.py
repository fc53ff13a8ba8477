"""Which trigrams a text search looks for."""

from __future__ import annotations

import sys

import pytest

from weave_lite.trace_server.query.trigrams import COMBINING_DOT, spellings, trigrams


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("ab", None),
        ("abcd", '("abc") AND ("bcd")'),
        ('abc"de', '("abc")'),
        ("a\nb\\c", None),
        ("東京都", '("東京都")'),
    ],
)
def test_words(part, words):
    """A text is looked for by all its trigrams but those that JSON writes with escapes."""
    assert trigrams(part, ignore_case=False) == words


def test_case_is_ignored():
    """Each way to write a trigram is looked for that SQLite does not know in all releases."""
    assert trigrams("KIT", ignore_case=True) == (
        '("kit" OR "k\u0130t" OR "\u212ait" OR "\u212a\u0130t")'
    )
    assert trigrams("Öls", ignore_case=True) == '("öls" OR "Öls")'


def test_long_text_is_sampled():
    """Of a long text only some trigrams are looked for."""
    words = trigrams("".join(map(chr, range(0x4E00, 0x4F00))), ignore_case=False)
    assert words.count("AND") == 9


def test_spellings_of_every_letter():
    """The spellings of a letter hold every character whose lower case has it."""
    for code in (*range(0xD800), *range(0xE000, sys.maxunicode + 1)):
        for letter in chr(code).lower():
            is_ascii_pair = letter.isascii() and chr(code).isascii()
            if not is_ascii_pair and letter != COMBINING_DOT:
                assert chr(code) in spellings(letter), hex(code)
