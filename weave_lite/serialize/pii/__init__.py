"""Redaction of personal data in what is recorded: patterns of our own, an optional analyser."""
