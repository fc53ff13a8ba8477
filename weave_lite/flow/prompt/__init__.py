"""Prompts: objects that make a text or messages of a template. One class per file."""
