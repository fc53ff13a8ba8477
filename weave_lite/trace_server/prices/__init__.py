"""Prices of tokens: the built-in dated table, and the rule which price holds for a call."""
