"""Tests of Object: fields, refs, comparing, rebuilding from what is stored."""

from __future__ import annotations

import ipaddress
import pickle
from typing import Any

import pydantic
import pytest

from weave_lite.core.errors import InvalidRefError, WeaveInitError
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.obj import Object
from weave_lite.trace import classes
from weave_lite.trace.op import op
from weave_lite.trace.table import Table
from weave_lite.trace.values.record import SavedObject


class Settings(Object):
    top_k: int = 3
    tags: list[str] = []

    @op
    def describe(self) -> str:
        return f"{self.top_k} {self.tags}"


class Holder(Object):
    inner: Settings
    more: list[Settings] = []


class Frozen(Object):
    model_config = pydantic.ConfigDict(frozen=True)

    x: int


def test_fields_and_repr():
    """Name, description and ref are fields; ref is not shown; str equals repr."""
    settings = Settings(name="n")

    assert list(Settings.model_fields) == ["name", "description", "ref", "top_k", "tags"]
    assert repr(settings) == "Settings(name='n', description=None, top_k=3, tags=[])"
    assert str(settings) == repr(settings)
    assert "describe" not in Settings.model_fields


def test_extra_fields_are_refused():
    """A field that the class does not have is an error."""
    with pytest.raises(pydantic.ValidationError, match="top_q"):
        Settings(top_q=1)


def test_ref_is_no_part_of_equality_dump_or_hash(client):
    """Saving an instance changes nothing but ``ref``."""
    saved, other = Settings(top_k=5), Settings(top_k=5)
    frozen = Frozen(x=1)
    before = hash(frozen)

    client.publisher.publish(saved)
    client.publisher.publish(frozen)

    assert isinstance(saved.ref, ObjectRef)
    assert saved == other
    assert saved != Settings(top_k=6)
    assert saved != "text"
    assert saved.model_dump() == {"name": None, "description": None, "top_k": 5, "tags": []}
    assert hash(frozen) == before
    assert {frozen: 1}[Frozen(x=1)] == 1


def test_an_instance_with_a_list_has_no_hash():
    """Objects can change, so they are not hashable unless frozen."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Settings())


def test_setting_a_field_drops_the_ref(client):
    """The ref names what is stored; a changed instance is not stored yet."""
    settings = Settings()
    client.publisher.publish(settings)

    settings.top_k = 9

    assert settings.ref is None


def test_a_copy_with_other_values_has_no_ref(client):
    """``model_copy`` keeps the ref only of an equal copy."""
    settings = Settings()
    ref = client.publisher.publish(settings)

    assert settings.model_copy().ref == ref
    assert settings.model_copy(update={"top_k": 1}).ref is None


def test_a_saved_instance_is_picklable_and_its_fields_are_its_own(client):
    """Saving wraps nothing."""
    tags = ["a"]
    settings = Settings.model_construct(name=None, description=None, ref=None, top_k=1, tags=tags)
    client.publisher.publish(settings)

    copy = pickle.loads(pickle.dumps(settings))

    assert settings.tags is tags
    assert type(settings.tags) is list
    assert copy == settings
    assert copy.ref == settings.ref


def test_get_gives_an_instance_of_the_class_with_its_ref(client):
    """A stored instance comes back as its class, nested ones too."""
    holder = Holder(inner=Settings(top_k=1), more=[Settings(tags=["x"])])
    ref = client.publisher.publish(holder, "holder")

    found = client.get(ref)

    assert found == holder
    assert type(found.more[0]) is Settings
    assert found.ref == ref
    assert found.inner.ref == holder.inner.ref
    assert found.inner.describe() == "1 []"


def test_from_uri(client):
    """``from_uri`` reads an instance of the class, or its record."""
    uri = client.publisher.publish(Settings(top_k=4), "s").uri()

    assert Settings.from_uri(uri) == Settings(top_k=4)
    assert Settings.from_uri(uri, objectify=False).top_k == 4
    with pytest.raises(pydantic.ValidationError):
        Holder.from_uri(uri)
    with pytest.raises(InvalidRefError, match="object"):
        Settings.from_uri("weave:///a/b/call/1")


def test_from_uri_gives_the_record_of_a_subclass_that_is_not_imported(client):
    """It is one of the class; a record of another class is still refused."""

    class Lost(Settings):
        more: int = 1

    uri = client.publisher.publish(Lost(top_k=4), "s").uri()
    client.publisher.forget("s")
    classes._by_name.pop("Lost")
    Lost.__name__ = "SomethingElse"

    found = [cls.from_uri(uri) for cls in (Settings, Object)]

    assert [(type(value), value.top_k, value.more) for value in found] == [(SavedObject, 4, 1)] * 2
    with pytest.raises(pydantic.ValidationError):
        Holder.from_uri(uri)


def test_from_uri_needs_a_client():
    """Reading without a client says what to do."""
    with pytest.raises(WeaveInitError, match="weave.init"):
        Settings.from_uri("weave:///a/b/object/s:v0")


def test_refs_and_records_are_taken_where_an_instance_is_expected(client):
    """A field of an Object class takes a ref and a fetched record."""
    ref = client.publisher.publish(Settings(top_k=7), "s")
    record = client.get(ref, objectify=False)

    from_ref, from_record = Holder(inner=ref), Holder(inner=record)

    assert from_ref.inner == from_record.inner == Settings(top_k=7)
    assert from_ref.inner.ref == from_record.inner.ref == ref
    assert from_record.inner.describe() == "7 []"


def test_an_instance_made_of_a_record_has_what_its_refs_point_to(client):
    """In fields of any type, at any depth."""

    class Loose(Object):
        things: dict[str, Any]

    saved = Loose(things={"k": [Settings(top_k=7)], "t": Table([{"a": 1}])})
    record = client.get(client.publisher.publish(saved), objectify=False)

    made = Loose.model_validate(record)

    assert [thing.top_k for thing in made.things["k"]] == [7]
    assert list(made.things["t"]) == [{"a": 1}]
    assert (made.ref, client.publisher.publish(made)) == (saved.ref, saved.ref)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (pydantic.HttpUrl, "https://x.example/a?b=c"),
        (pydantic.PostgresDsn, "postgres://u@h:5432/db"),
        (ipaddress.IPv4Address, "1.2.3.4"),
        (ipaddress.IPv6Network, "fe80::/64"),
        (pydantic.IPvAnyInterface, "10.0.0.1/8"),
    ],
)
def test_addresses_come_back(client, kind, text):
    """URLs and IP addresses are stored as text, which their class reads."""
    cls = pydantic.create_model("Host", __base__=Object, __module__=__name__, at=(kind, ...))
    host = cls(at=text)

    found = client.get(client.publisher.publish(host))

    assert (type(found), found.at, str(found.at)) == (cls, host.at, text)


def test_a_class_that_refuses_gives_a_record(client):
    """What the class of today does not take comes back as a record, with its fields."""

    def make(annotation: Any) -> type[Object]:
        return pydantic.create_model("Changing", __base__=Object, x=(annotation, ...))

    old = make(int)
    ref = client.publisher.publish(old(x=1))
    client.publisher.forget(ref.name)
    old.__name__ = "SomethingElse"
    classes._by_name.pop("Changing")
    new = make(list[str])

    found = client.get(ref)

    assert found.x == 1
    assert not isinstance(found, new)
    assert repr(found).startswith("WeaveObject(Changing: ")


def test_the_schema_of_an_object_can_be_made():
    """A JSON schema has the fields."""
    assert set(Settings.model_json_schema()["properties"]) >= {"name", "top_k", "tags"}


def test_a_field_without_a_saved_value_of_its_own_stays(client):
    """An alias is stored as such and read back."""

    class Aliased(Object):
        camel: int = pydantic.Field(alias="camelName")

    ref = client.publisher.publish(Aliased(camelName=3))

    assert client.get(ref).camel == 3
    assert Aliased(camel=4).camel == 4
