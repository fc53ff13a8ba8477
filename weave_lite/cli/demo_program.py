"""The program that ``weave-lite demo`` traces: twenty questions, answered from Python's own manual.

A small retrieval pipeline over the texts of ``pydoc_data.topics``, which every Python has: split the
topics into passages, index their words, retrieve the best passages for a question, pick a sentence,
answer. No model, no network.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from pydoc_data.topics import topics
from typing import TypedDict

from weave_lite.flow.dataset import Dataset
from weave_lite.flow.obj import Object
from weave_lite.trace.op import op

__all__ = ["QUESTIONS", "Answer", "Passage", "PassageIndex", "RetrievalSettings", "answer", "index"]

_WORD = re.compile(r"[a-z_]{2,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_STOP_WORDS = frozenset(
    "an and are as at be by can do does for from how if in is it its of on or python that the there "
    "this to what when which who why with you".split()
)

QUESTIONS = Dataset(
    name="python-questions",
    rows=[
        {"question": "What does the assert statement do?", "topic": "assert"},
        {"question": "How does the with statement use a context manager?", "topic": "with"},
        {"question": "What happens in a finally clause of a try statement?", "topic": "try"},
        {"question": "What does a lambda expression create?", "topic": "lambda"},
        {"question": "When does the else clause of a while loop run?", "topic": "while"},
        {"question": "Which values are considered false in truth value testing?", "topic": "truth"},
        {"question": "What does the global statement do with names?", "topic": "global"},
        {
            "question": "What does nonlocal do with bindings of an enclosing scope?",
            "topic": "nonlocal",
        },
        {"question": "What is an imaginary literal?", "topic": "imaginary"},
        {"question": "What does the pass statement do?", "topic": "pass"},
        {"question": "What does break do to the nearest enclosing loop?", "topic": "break"},
        {"question": "How does import find and bind a module?", "topic": "import"},
        {"question": "What does raise from do with the cause of an exception?", "topic": "raise"},
        {"question": "What does a return statement do in a generator function?", "topic": "return"},
        {"question": "How does the power operator bind against unary operators?", "topic": "power"},
        {
            "question": "What is the shifting operation with a negative shift count?",
            "topic": "shifting",
        },
        {"question": "What are the methods str.upper and str.split?", "topic": "string-methods"},
        {"question": "What does the del statement remove?", "topic": "del"},
        {"question": "What does a yield expression do in a generator?", "topic": "yield"},
        {"question": "Which debugger command sets a breakpoint?", "topic": "debugger"},
    ],
)


class RetrievalSettings(Object):
    """What the pipeline can be told; published, so that every trace names its version."""

    passages: int = 4
    title_weight: float = 3.0
    shortest_sentence: int = 20


class Passage(TypedDict):
    """A paragraph of a topic, and how well it fits."""

    topic: str
    text: str
    score: float


class Answer(TypedDict):
    """An answer, and whether it comes from the topic that was expected."""

    answer: str
    topic: str
    score: float
    is_right_topic: bool


class PassageIndex:
    """Passages by word, with the weight that each word has in each."""

    def __init__(self, passages: dict[str, list[str]], title_weight: float) -> None:
        self.passages: list[tuple[str, str]] = []
        counts: list[Counter[str]] = []
        for topic, texts in passages.items():
            for text in texts:
                self.passages.append((topic, text))
                words = Counter(_words(text))
                for word in _words(topic):
                    words[word] += title_weight  # type: ignore[assignment]
                counts.append(words)
        spread = Counter(word for words in counts for word in words)
        self.weights: dict[str, dict[int, float]] = {}
        for number, words in enumerate(counts):
            norm = math.sqrt(sum(count * count for count in words.values())) or 1.0
            for word, count in words.items():
                rarity = math.log(len(counts) / spread[word])
                self.weights.setdefault(word, {})[number] = count * rarity / norm

    def __repr__(self) -> str:
        return f"PassageIndex({len(self.passages)} passages, {len(self.weights)} words)"


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS]


@op
def split(topic: str) -> list[str]:
    """Split the text of a topic into paragraphs of prose."""
    paragraphs = [" ".join(block.split()) for block in topics[topic].split("\n\n")]
    # Titles are shorter, and grammar is no answer to anybody.
    return [text for text in paragraphs if len(_words(text)) > 3 and "::=" not in text]  # noqa: PLR2004


@op
def index(settings: RetrievalSettings) -> PassageIndex:
    """Split all topics and index their words."""
    return PassageIndex({topic: split(topic) for topic in topics}, settings.title_weight)


@op
def retrieve(question: str, passages: PassageIndex, settings: RetrievalSettings) -> list[Passage]:
    """Find the passages whose words fit the question best."""
    scores: Counter[int] = Counter()
    for word in _words(question):
        for number, weight in passages.weights.get(word, {}).items():
            scores[number] += weight  # type: ignore[assignment]
    return [
        Passage(
            topic=passages.passages[number][0],
            text=passages.passages[number][1],
            score=round(score, 4),
        )
        for number, score in scores.most_common(settings.passages)
    ]


@op
def pick(question: str, found: list[Passage], settings: RetrievalSettings) -> str:
    """Pick the sentence of the best passage that shares most words with the question."""
    if not found:
        return "I do not know."
    asked = set(_words(question))
    sentences = [
        sentence
        for sentence in _SENTENCE.split(found[0]["text"])
        if len(sentence) >= settings.shortest_sentence
    ]
    return max(sentences or [found[0]["text"]], key=lambda text: len(asked & set(_words(text))))


@op
def answer(
    question: str, topic: str, passages: PassageIndex, settings: RetrievalSettings
) -> Answer:
    """Answer a question; ``topic`` is where the answer is expected to stand."""
    found = retrieve(question, passages, settings)
    best = found[0] if found else Passage(topic="", text="", score=0.0)
    return Answer(
        answer=pick(question, found, settings),
        topic=best["topic"],
        score=best["score"],
        is_right_topic=best["topic"] == topic,
    )
