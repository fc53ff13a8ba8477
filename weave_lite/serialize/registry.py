"""Which codec writes a class, and which one reads a stored custom type.

Codecs and classes register themselves here, downward: this module knows none of them. The order
of writing is that of the contract: refs and values saved on their own, records, containers,
scalars, registered serializers, natural forms, text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from weave_lite.core.errors import UsageError
from weave_lite.serialize import custom_type, introspect
from weave_lite.serialize.introspect import PerClass, derives_from, instance_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Encoder = Callable[[Any, "Sink"], Any]

__all__ = [
    "Codec",
    "Sink",
    "Source",
    "encoder_of",
    "find_decoder",
    "install",
    "is_op",
    "register_codec",
    "register_origin",
    "register_refable",
    "register_serializer",
]


class Sink(Protocol):
    """Where writing puts what does not stand in the value's own JSON."""

    def save_object(self, value: Any) -> str:
        """Save a value that is stored on its own (an object, op or table); return its URI."""

    def save_file(self, name: str, content: bytes) -> str:
        """Save a file; return its digest."""


class Source(Protocol):
    """Where reading finds files."""

    def read_file(self, digest: str) -> bytes:
        """Return the bytes of a file."""


class Codec(NamedTuple):
    """How one kind of value is written and read.

    Args:
        name: The custom type id (``datetime.datetime``), or any name for a form that is not one.
        matches: Tells for a class whether its instances are of this kind; asked once per class.
        encode: Writes ONE level: a scalar, or a dict, list or tuple whose items are raw values.
        decode: Reads a custom type record back; None for forms that read back as plain JSON.
        check: Tells for a value whether it is of this kind, instead of ``matches``.
    """

    name: str
    matches: Callable[[type], bool]
    encode: Callable[[Any, Sink], Any]
    decode: Callable[[dict[str, Any], Source], Any] | None = None
    check: Callable[[Any], bool] | None = None


_first: list[Codec] = []
_registered: list[Codec] = []
_last: list[Codec] = []
_refables: list[type] = []
_origins: list[tuple[type, Callable[[Any, Sink], str | None]]] = []


def install(first: Sequence[Codec], last: Sequence[Codec]) -> None:
    """Set the built-in codecs that are asked before and after the registered ones."""
    _first[:] = first
    _last[:] = last
    _encoders.clear()


def register_codec(codec: Codec) -> None:
    """Add a codec; one of the same name is replaced where it stands."""
    for at, known in enumerate(_registered):
        if known.name == codec.name:
            _registered[at] = codec
            break
    else:
        _registered.append(codec)
    _encoders.clear()


def register_refable(cls: type) -> None:
    """Let instances of a class be saved on their own: a value then holds their URI."""
    _refables.append(cls)
    _encoders.clear()


def register_origin(cls: type, origin: Callable[[Any, Sink], str | None]) -> None:
    """Let instances of a class be asked which ref they came from.

    Args:
        cls: The class; exact ``dict``, ``list``, ``tuple`` and scalars are never asked.
        origin: Returns the URI that is written into a sink in place of the value, or None to
            write the value.
    """
    _origins.append((cls, origin))
    _encoders.clear()


def register_serializer(
    target_class: type,
    save: Callable[..., Any],
    load: Callable[..., Any],
    instance_check: Callable[[Any], bool] | None = None,
) -> None:
    """Teach the SDK to store and read instances of a class.

    Args:
        target_class: The class; its instances and those of its subclasses are written by ``save``.
        save: With one parameter, ``save(obj)`` returns a JSON value that is stored inline; with
            three, ``save(obj, artifact, name)`` writes files into the artifact.
        load: The way back: ``load(val)``, or ``load(artifact, name)`` for files.
        instance_check: Tells whether a value is meant, in place of the class test.

    Raises:
        UsageError: ``save`` takes neither one nor three parameters.

    Example:
        >>> class Celsius(float): ...
        >>> register_serializer(Celsius, lambda degrees: f"{degrees} C", lambda val: Celsius(val[:-2]))

    Source: weave 0.51.45 weave.trace.serialization.serializer::register_serializer. A class of the
    same name takes the place of an earlier one, since a notebook runs its cells again.
    """
    name = f"{target_class.__module__}.{target_class.__name__}"
    form = custom_type.form_of(save)
    if form is None:
        raise UsageError(
            f"save of {name} must take one parameter (obj) or three (obj, artifact, name)"
        )

    def matches(cls: type) -> bool:
        return derives_from(cls, target_class)

    encode, decode = (
        custom_type.inline_form(name, save, load)
        if form == "inline"
        else custom_type.files_form(name, save, load)
    )
    register_codec(Codec(name, matches, encode, decode, instance_check))


def find_decoder(type_id: str) -> Callable[[dict[str, Any], Source], Any] | None:
    """Find what reads the records of a custom type; None when nothing does."""
    for codec in (*_first, *_registered, *_last):
        if codec.name == type_id and codec.decode is not None:
            return codec.decode
    return None


def encoder_of(cls: type) -> Encoder:
    """Return what writes one level of the instances of a class."""
    return _encoders.get(cls)


def is_op(value: Any) -> bool:
    """Tell whether a value is an op, by its mark; runs no code of the value."""
    return instance_fields(value).get("_weave_op") is True


def _save_object(value: Any, sink: Sink) -> str:
    return sink.save_object(value)


def _find_encoder(cls: type) -> Encoder:
    mro = introspect.mro_of(cls)
    for known, origin in _origins:
        if any(ancestor is known for ancestor in mro):
            return _origin_first(origin, _find_plain_encoder(cls, mro))
    return _find_plain_encoder(cls, mro)


def _find_plain_encoder(cls: type, mro: tuple[type, ...]) -> Encoder:
    if any(ancestor is refable for ancestor in mro for refable in _refables):
        return _save_object
    for codec in _first:
        if codec.matches(cls):
            return codec.encode
    return _find_late_encoder(cls)


def _find_late_encoder(cls: type) -> Encoder:
    checks: list[Codec] = []
    fitting = None
    for codec in _registered:
        if codec.check is not None:
            checks.append(codec)
        elif codec.matches(cls):
            fitting = codec
            break
    if fitting is None:
        fitting = next(codec for codec in _last if codec.matches(cls))
    return _checks_first(checks, fitting.encode) if checks else fitting.encode


def _origin_first(origin: Callable[[Any, Sink], str | None], encode: Encoder) -> Encoder:
    def encode_origin(value: Any, sink: Sink) -> Any:
        uri = origin(value, sink)
        return encode(value, sink) if uri is None else uri

    return encode_origin


def _checks_first(checks: list[Codec], encode: Encoder) -> Encoder:
    def encode_checked(value: Any, sink: Sink) -> Any:
        for codec in checks:
            if codec.check is not None and codec.check(value):
                return codec.encode(value, sink)
        return encode(value, sink)

    return encode_checked


_encoders: PerClass[Encoder] = PerClass(_find_encoder)
