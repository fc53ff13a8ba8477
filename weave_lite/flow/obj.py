"""Object: the base of classes whose instances are stored as versioned objects.

Pydantic is loaded with this module. Knows no server: reading and storing are done by the tracer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from weave_lite.core.errors import InvalidRefError
from weave_lite.core.refs import ObjectRef, parse_uri
from weave_lite.serialize.introspect import base_names
from weave_lite.trace.classes import register_class, register_saved
from weave_lite.trace.values.instance import constructor_fields
from weave_lite.trace.values.record import WeaveObject, bases_of, followed_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationInfo, ValidatorFunctionWrapHandler

__all__ = ["Object"]


class Object(BaseModel):
    """The base of classes whose instances are stored on their own, with versions.

    Declare fields as in any pydantic model; methods decorated with ``op`` are traced. Saving an
    instance sets ``ref``; changing one makes a new version when it is used next. ``ref`` is no part
    of what is compared, dumped or stored.

    Args:
        name: The name to store it under; the class name if None.
        description: Any text.
        ref: Where it is stored; set by saving it.

    Example:
        >>> class Settings(Object):
        ...     top_k: int = 3
        >>> Settings(name="fast").top_k
        3
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        extra="forbid",
        populate_by_name=True,
        protected_namespaces=(),
    )

    name: str | None = None
    description: str | None = None
    ref: Annotated[ObjectRef | None, WithJsonSchema({"type": "null"})] = Field(
        default=None, repr=False, exclude=True
    )

    @classmethod
    def from_uri(cls, uri: str, objectify: bool = True, *, allow_stored_code: bool = False) -> Self:
        """Read a stored instance.

        Args:
            uri: Where it is stored.
            objectify: Make it an instance of its class; otherwise a plain record comes back, as
                it does for a subclass that is not imported.
            allow_stored_code: Run code that was stored with it. Never done otherwise.

        Raises:
            InvalidRefError: The text is not the URI of an object.
            WeaveInitError: No client is active.
            NotFoundError: There is no such object.
            ValidationError: The object is not one of this class.
        """
        ref = parse_uri(uri)
        if not isinstance(ref, ObjectRef):
            raise InvalidRefError(f"uri {uri!r} is not the address of an object")
        value = ref.get(objectify=objectify, allow_stored_code=allow_stored_code)
        if isinstance(value, cls) or not objectify or _is_record_of(value, cls):
            return value  # type: ignore[no-any-return]
        return cls.model_validate(value)

    @model_validator(mode="wrap")
    @classmethod
    def handle_relocatable_object(
        cls, v: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Take a ref or a fetched record where an instance is expected."""
        del info
        if type(v) is dict:
            return handler(v)
        if isinstance(v, ObjectRef):
            v = v.get()
        if isinstance(v, WeaveObject):
            fields = followed_fields(v)
        elif isinstance(v, Object) and _is_twin(type(v), cls):
            fields = v.__dict__
        else:
            return handler(v)
        instance = handler(constructor_fields(cls, fields))
        instance.__dict__["ref"] = v.ref
        return instance

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        register_class(cls)
        if getattr(cls.__hash__, "__module__", "").startswith("pydantic."):
            # That of a frozen model, which counts ref: saving would change the hash.
            cls.__hash__ = _hash  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name != "ref" and name in type(self).__pydantic_fields__:
            self.__dict__["ref"] = None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the instance; one with other values is another version, so it has no ref."""
        copy = super().model_copy(update=update, deep=deep)
        if update:
            copy.__dict__["ref"] = None
        return copy

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Object):
            return NotImplemented
        return (
            type(self) is type(other)
            and _content(self) == _content(other)
            and self.__pydantic_private__ == other.__pydantic_private__
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # fields can change

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import object_html  # noqa: PLC0415 - notebooks only

        return object_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)


def _content(obj: Object) -> dict[str, Any]:
    """Return the fields that are compared."""
    values = obj.__dict__
    return {name: values.get(name) for name in type(obj).__pydantic_fields__ if name != "ref"}


def _is_record_of(value: Any, cls: type) -> bool:
    """Tell whether a value is the record of a subclass that is not imported here."""
    return isinstance(value, WeaveObject) and cls.__name__ in bases_of(value)


def _is_twin(cls: type, other: type) -> bool:
    """Tell whether two classes look the same to a store: a notebook makes a class again."""
    return (
        cls.__name__ == other.__name__
        and not issubclass(cls, other)
        and base_names(cls) == base_names(other)
    )


def _hash(obj: Object) -> int:
    return hash((type(obj), *_content(obj).values()))


register_class(Object)
register_saved(Object)
