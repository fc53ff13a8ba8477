"""A subject in a process of its own: reads the name of a measure a line, answers with its value.

Started as ``python worker.py SUBJECT PLACE``; each subject has its own Python, so that the reference
runs in the environment of its pins. What the libraries print goes to stderr.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback

import data

if __name__ == "__main__":
    # The folder of this file is on the path already; answers must not mix with what is printed.
    answers, sys.stdout = sys.stdout, sys.stderr
    name, place = sys.argv[1:]
    subject = importlib.import_module(f"{name}_subject").Subject(place)
    for line in sys.stdin:
        try:
            found = getattr(subject, line.strip())()
            answer = found if isinstance(found, dict) else {"value": found}
        except Exception:  # the parent shows it
            answer = {"error": traceback.format_exc()}
        answer["peak_mb"] = data.peak_mb()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
