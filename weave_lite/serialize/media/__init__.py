"""Values that are mostly bytes: contents of any type, sound, and Markdown."""
