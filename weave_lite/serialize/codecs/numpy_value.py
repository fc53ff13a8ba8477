"""numpy scalars as numbers, arrays as nested lists, large arrays as a content-addressed file.

Never imports numpy to write: whoever has an array has loaded it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.safe_text import safe_text
from weave_lite.serialize.codecs.stored_file import register_file_reader, save_as_file
from weave_lite.serialize.introspect import is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["NUMPY_ARRAY", "NUMPY_SCALAR"]

MAX_LISTED_NUMBERS = 10_000


def _encode_scalar(value: Any, sink: Sink) -> Any:
    del sink
    if value.dtype.kind == "M":
        return str(value)
    plain = value.item()
    # A long double has no plain twin and gives itself; a float is the nearest number.
    return float(value) if type(plain) is type(value) else plain


def _encode_array(value: Any, sink: Sink) -> Any:
    if value.size <= MAX_LISTED_NUMBERS:
        return (value.astype(str) if value.dtype.kind == "M" else value).tolist()
    if value.dtype.hasobject:  # would need a pickle
        return safe_text(value)
    import numpy as np  # noqa: PLC0415 - optional, and loaded already

    file = io.BytesIO()
    np.save(file, np.asarray(value), allow_pickle=False)
    return save_as_file(
        "ndarray",
        file.getvalue(),
        sink,
        mimetype="application/x-npy",
        dtype=str(value.dtype),
        shape=list(value.shape),
    )


def _read_array(content: bytes) -> Any:
    import numpy as np  # noqa: PLC0415 - optional

    return np.load(io.BytesIO(content), allow_pickle=False)


NUMPY_SCALAR = Codec(
    "numpy_scalar", lambda cls: is_loaded_class(cls, "numpy", "generic"), _encode_scalar
)
NUMPY_ARRAY = Codec(
    "numpy_array", lambda cls: is_loaded_class(cls, "numpy", "ndarray"), _encode_array
)
register_file_reader("ndarray", _read_array)
