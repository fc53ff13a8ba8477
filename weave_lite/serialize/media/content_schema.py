"""Content as a field of a pydantic model: taken as it is, or from its JSON, and written as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from weave_lite.serialize.media.facts import stored_facts
from weave_lite.serialize.media.given import as_bytes, from_base64, to_base64

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

    from weave_lite.serialize.media.content import Content

__all__ = ["schema_of"]

_DATA = "data"
# What is never taken from what somebody says.
_FROM_BYTES = frozenset({_DATA, "size", "digest"})


def schema_of(cls: type[Content]) -> CoreSchema:
    """Return what pydantic needs: an instance, or a dict of its fields; in JSON ``data`` is base64."""

    def restored(fields: dict[str, Any]) -> Content:
        data = fields[_DATA]
        content = from_base64(data) if isinstance(data, str) else as_bytes(data)
        said = {name: value for name, value in fields.items() if name not in _FROM_BYTES}
        text = json.dumps(said, default=str).encode()
        return cls._restored(content, stored_facts(text, lambda: content))

    text = core_schema.str_schema()
    data = core_schema.union_schema([text, core_schema.bytes_schema()])
    fields = core_schema.typed_dict_schema(
        {
            _DATA: core_schema.typed_dict_field(
                core_schema.json_or_python_schema(json_schema=text, python_schema=data),
                required=True,
            ),
            "mimetype": core_schema.typed_dict_field(text, required=False),
            "filename": core_schema.typed_dict_field(text, required=False),
        },
        extra_behavior="allow",
    )
    from_fields = core_schema.no_info_after_validator_function(restored, fields)
    instance = core_schema.is_instance_schema(cls)
    return core_schema.json_or_python_schema(
        json_schema=from_fields,
        python_schema=core_schema.union_schema([instance, from_fields]),
        serialization=core_schema.plain_serializer_function_ser_schema(_dumped),
    )


def _dumped(content: Content) -> dict[str, Any]:
    return {**content.model_dump(), _DATA: to_base64(content.data)}
