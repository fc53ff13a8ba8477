"""Calls in pickles: a Call travels to another process as plain JSON and finds its client there."""

from __future__ import annotations

from typing import Any

from weave_lite.core import jsontext
from weave_lite.serialize.walk import encode
from weave_lite.trace.call import Call
from weave_lite.trace.client_context import get_client

__all__ = ["pickled", "restored"]


class _NoSink:
    """Stands for a client where there is none: nothing is stored, values show their type."""

    def save_object(self, value: Any) -> str:
        """Give the type's name in place of a ref."""
        return f"<{type(value).__name__}>"

    def save_file(self, name: str, content: bytes) -> str:
        """Give the digest that the file would have."""
        from weave_lite.core.digest import digest_bytes  # noqa: PLC0415 - rarely needed

        del name
        return digest_bytes(content)


def _plain(value: Any, sink: Any) -> Any:
    return jsontext.parse(encode(value, sink).text)


def pickled(call: Call) -> tuple[Any, ...]:
    """Return how to make a copy of a call elsewhere (the ``__reduce__`` form)."""
    client = get_client()
    sink = _NoSink() if client is None else client.publisher
    fields = call.to_dict()
    for name in ("inputs", "output", "summary", "attributes"):
        fields[name] = _plain(fields[name], sink)
    fields["thread_id"] = call.thread_id
    fields["turn_id"] = call.turn_id
    return restored, (fields,)


def restored(fields: dict[str, Any]) -> Call:
    """Make a call of its pickled fields; it uses the client of this process."""
    fields = dict(fields)
    return Call(
        fields.pop("op_name"),
        _display_name=fields.pop("display_name"),
        actions=get_client(),
        **fields,
    )
