"""The codecs, one file per kind, in the order in which they are asked. First match wins."""

from __future__ import annotations

from weave_lite.serialize.codecs.containers import (
    DEQUE,
    DICT,
    LIST,
    NAMED_TUPLE,
    RANGE,
    SET,
    TUPLE,
)
from weave_lite.serialize.codecs.content import CONTENT, STORED_FILE
from weave_lite.serialize.codecs.dataclass import DATACLASS
from weave_lite.serialize.codecs.date_time import DATE, DATETIME, TIME, TIMEDELTA
from weave_lite.serialize.codecs.exception import EXCEPTION
from weave_lite.serialize.codecs.image import IMAGE
from weave_lite.serialize.codecs.markdown import MARKDOWN, NEWER_MARKDOWN
from weave_lite.serialize.codecs.numpy_value import NUMPY_ARRAY, NUMPY_SCALAR
from weave_lite.serialize.codecs.plain_text import PLAIN_TEXT
from weave_lite.serialize.codecs.pydantic_model import PYDANTIC_CLASS, PYDANTIC_MODEL
from weave_lite.serialize.codecs.refs import OPAQUE, REF
from weave_lite.serialize.codecs.safe_text import TEXT
from weave_lite.serialize.codecs.scalars import ENUM, FLOAT, INT, SCALAR_ENUM, STR
from weave_lite.serialize.codecs.sound import AUDIO, WAVE
from weave_lite.serialize.codecs.stored_file import BYTES
from weave_lite.serialize.codecs.to_dict import TO_DICT
from weave_lite.serialize.codecs.video import VIDEO

__all__ = ["FIRST", "LAST"]

# Before the registered serializers: what they must not take over.
FIRST = (
    REF,
    OPAQUE,
    PYDANTIC_MODEL,
    DATACLASS,
    NAMED_TUPLE,
    TUPLE,
    LIST,
    DICT,
    PYDANTIC_CLASS,
    SCALAR_ENUM,
    STR,
    INT,
    FLOAT,
    DATETIME,
)

# After them: media, natural forms, and text for everything that is left.
LAST = (
    CONTENT,
    STORED_FILE,
    IMAGE,
    WAVE,
    AUDIO,
    VIDEO,
    MARKDOWN,
    NEWER_MARKDOWN,
    TO_DICT,
    ENUM,
    DATE,
    TIME,
    TIMEDELTA,
    PLAIN_TEXT,
    SET,
    DEQUE,
    RANGE,
    EXCEPTION,
    BYTES,
    NUMPY_SCALAR,
    NUMPY_ARRAY,
    TEXT,
)
