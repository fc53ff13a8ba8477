"""Values as Python expressions: equal when they run, ordered, bounded, without secrets."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import re
import typing
import uuid
import zoneinfo

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.digest import digest_bytes
from weave_lite.core.refs import ObjectRef
from weave_lite.serialize.source.sensitive import is_secret_name, is_token_name, mask_text
from weave_lite.serialize.source.values import MAX_VALUE_CHARS, Renderer


def nothing(value):
    return None


def render(value, name="value", reference=nothing, express=nothing):
    return Renderer(reference, express).assigned(name, value)


_atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)
_hashable = st.recursive(
    _atoms, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
_values = st.recursive(
    _atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(_hashable, inner, max_size=4)
        | st.sets(_hashable, max_size=4)
    ),
    max_leaves=20,
)


@given(_values)
def test_plain_value_comes_back_equal(value):
    """Running the expression gives an equal value of the same type, in any module."""
    text = render(value)

    again = eval(text, {})

    assert again == value
    assert type(again) is type(value)
    text.encode()


@given(_values)
def test_second_rendering_is_the_same(value):
    """The text of what the text gives is the text."""
    text = render(value)

    assert render(eval(text, {})) == text


EXACT = {
    "nan": (math.nan, 'float("nan")'),
    "infinity": (-math.inf, 'float("-inf")'),
    "complex": (complex(math.nan, -0.0), 'complex(float("nan"), -0.0)'),
    "true": (True, "True"),
    "ellipsis": (..., "..."),
    "huge integer": (2**20000, hex(2**20000)),
    "range": (range(1, 5, 2), "range(1, 5, 2)"),
    "empty set": (set(), "set()"),
    "frozen set": (frozenset({2, 1}), "frozenset({\n    1,\n    2\n})"),
    "empty tuple": ((), "()"),
    "nested": (
        {"a": [{"b": (1, 2)}]},
        (
            '{\n    "a": [\n        {\n            "b": (\n                1,\n                2\n'
            "            )\n        }\n    ]\n}"
        ),
    ),
    "text": ('a"b\\c\n\x00\x7f é😀\u202e\ud800', '"a\\"b\\\\c\\n\\u0000\\u007f é😀\\u202e\\ud800"'),
    "zone": (
        dt.datetime(2024, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")),
        (
            '__import__("datetime").datetime(2024, 1, 2, 0, 0, '
            "tzinfo=__import__(\"zoneinfo\").ZoneInfo(key='UTC'))"
        ),
    ),
    "decimal": (decimal.Decimal("1.50"), "__import__(\"decimal\").Decimal('1.50')"),
    "fraction": (fractions.Fraction(1, 3), '__import__("fractions").Fraction(1, 3)'),
    "uuid": (uuid.UUID(int=1), f"__import__(\"uuid\").UUID('{uuid.UUID(int=1)}')"),
    "path": (pathlib.Path("a"), '__import__("pathlib").Path("a")'),
    "pure path": (
        pathlib.PureWindowsPath("c:/a"),
        '__import__("pathlib").PureWindowsPath("c:\\\\a")',
    ),
    "pattern": (re.compile(r"\d"), '__import__("re").compile("\\\\d")'),
    "bytes pattern": (re.compile(b"x", re.DOTALL), "__import__(\"re\").compile(b'x', 16)"),
    "type variable": (typing.TypeVar("T"), '__import__("typing").TypeVar("T")'),
    "subclasses": (
        collections.OrderedDict(n=type("Number", (int,), {})(3)),
        '{\n    "n": 3\n}',
    ),
    "counter": (collections.Counter("aab"), '{\n    "a": 2,\n    "b": 1\n}'),
}


@pytest.mark.parametrize("case", EXACT)
def test_exact_text(case):
    """These forms are fixed: a change of them makes new versions of ops."""
    value, expected = EXACT[case]

    assert render(value) == expected


class Zone(dt.tzinfo):
    """A time zone that no expression makes."""

    def utcoffset(self, moment):
        return dt.timedelta(hours=1)


def test_zone_of_the_user_becomes_its_offset():
    """The moment stays the same."""
    value = dt.datetime(2024, 1, 2, tzinfo=Zone())

    text = render(value)

    assert text == "__import__(\"datetime\").datetime.fromisoformat('2024-01-02T00:00:00+01:00')"
    assert eval(text, {}) == value


def test_sets_are_in_order_whatever_the_types():
    """Values of one plain type by value, all others by their text."""
    texts = [render({10, 9}), render({"b", "a"}), render({10, "9", None, (1, 2)})]

    assert texts == [
        "{\n    9,\n    10\n}",
        '{\n    "a",\n    "b"\n}',
        '{\n    "9",\n    (\n        1,\n        2\n    ),\n    10,\n    None\n}',
    ]


class Color(enum.Enum):
    RED = 1


class Bits(enum.Flag):
    A = 1
    B = 2


class Pair(typing.NamedTuple):
    x: int
    token: str = "t"


@dataclasses.dataclass
class Settings:
    name: str
    password: str
    limits: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Computed:
    n: int
    twice: int = dataclasses.field(init=False, default=0)


class Model(pydantic.BaseModel):
    n: int = pydantic.Field(alias="N")
    inner: Settings | None = None


INSTANCES = {
    "enum": (Color.RED, "Color.RED", "1"),
    "flags": (Bits.A | Bits.B, "Bits(3)", "3"),
    "named tuple": (
        Pair(1),
        'Pair(\n    x=1,\n    token="REDACTED"\n)',
        '(\n    1,\n    "t"\n)',
    ),
    "dataclass": (
        Settings("a", "b"),
        'Settings(\n    name="a",\n    password="REDACTED",\n    limits=[]\n)',
        (
            '{\n    "_type": "Settings",\n    "name": "a",\n    "password": "REDACTED",\n'
            '    "limits": [],\n    "_class_name": "Settings",\n    "_bases": []\n}'
        ),
    ),
    "dataclass that computes": (
        Computed(1),
        (
            '{\n    "_type": "Computed",\n    "n": 1,\n    "twice": 0,\n'
            '    "_class_name": "Computed",\n    "_bases": []\n}'
        ),
        (
            '{\n    "_type": "Computed",\n    "n": 1,\n    "twice": 0,\n'
            '    "_class_name": "Computed",\n    "_bases": []\n}'
        ),
    ),
    "pydantic": (
        Model(N=1),
        "Model.model_construct(\n    n=1,\n    inner=None\n)",
        (
            '{\n    "_type": "Model",\n    "n": 1,\n    "inner": None,\n    "_class_name": "Model",\n'
            '    "_bases": [\n        "BaseModel"\n    ]\n}'
        ),
    ),
}


@pytest.mark.parametrize("case", INSTANCES)
def test_instances(case):
    """They are made again when their class can be named, and are their stored record otherwise."""
    value, with_class, without = INSTANCES[case]

    texts = [render(value, express=lambda cls: cls.__name__), render(value)]

    assert texts == [with_class, without]


def test_refs():
    """A value with a ref is fetched by it; a ref itself stays a ref."""
    held = object()
    uri = "weave:///ent/proj/object/held:abc"
    ref = ObjectRef("ent", "proj", "held", "abc")

    text = render([held, ref, uri], reference=lambda value: uri if value is held else None)

    assert text == f"[\n    weave.ref('{uri}').get(),\n    weave.ref('{uri}'),\n    \"{uri}\"\n]"


def test_cycles_and_depth():
    """Neither ends in an error, nor in text that Python cannot parse."""
    ring = [1]
    ring.append(ring)
    deep = []
    for _ in range(500):
        deep = [deep]

    texts = [render(ring), render(deep)]

    assert texts[0] == '[\n    1,\n    "<cycle: list>"\n]'
    assert texts[1].count("[") == 51
    assert '"<depth: list>"' in texts[1]
    eval(texts[1], {})


class Loud:
    def __repr__(self):
        return "Loud(api_key='abc', at=<object object at 0x7f0011223344>)"


class Raising:
    def __repr__(self):
        raise ValueError("no")

    def __getattr__(self, name):
        raise RuntimeError(name)

    @property
    def __class__(self):
        raise RuntimeError("class")


def test_anything_else_is_its_repr():
    """Without addresses and secrets, at most 1000 characters, and never an error."""
    texts = [
        render(Loud()),
        render(Raising()),
        render(type("Long", (), {"__repr__": lambda _: "x" * 2000})()),
    ]

    assert texts == [
        "\"Loud(api_key='REDACTED', at=<object object at 0xADDR>)\"",
        '"<Raising: 0xADDR>"',
        f'"{"x" * 1000}..."',
    ]


def test_huge_values_are_left_out_visibly():
    """What stands in their place follows the value."""
    text, other = "x" * (MAX_VALUE_CHARS + 1), "y" * (MAX_VALUE_CHARS + 1)
    many = list(range(MAX_VALUE_CHARS))

    rendered = [
        render(text),
        render(other),
        render(many),
        render([many]),
        render({"a", 1, (text,)}),
    ]

    digest = digest_bytes(text.encode())
    start = r", its beginning has the digest \w{43}>"
    assert rendered[0] == f'"<left out: str of length 50001, digest {digest}>"'
    assert rendered[1] != rendered[0]
    assert re.fullmatch(f'"<left out: list of length 50000{start}"', rendered[2])
    assert re.fullmatch(f'"<left out: list of length 1{start}"', rendered[3])
    assert rendered[4] == '"<left out: set of length 3>"'
    assert render(["a" * (MAX_VALUE_CHARS - 10)]) == f'[\n    "{"a" * (MAX_VALUE_CHARS - 10)}"\n]'


SECRET_NAMES = "password DB_PASSWORD dbPassword passwd client_secret SECRET_KEY apiKey OPENAI_API_KEY apikey credentials private_key PrivateKey authorization Authorization auth_headers aws_access_key_id secret connection_string"
TOKEN_NAMES = "token HF_TOKEN authToken bearer cookie dsn auth"
PLAIN_NAMES = "key keys max_tokens n_tokens tokenizer author authors monkey passenger keyboard secretary compass api public"


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_secret_names(name):
    """Any value of such a name is hidden: as a global, in a dict, at any depth."""
    assert is_secret_name(name)
    assert render({"k": [1]}, name) == '"REDACTED"'
    assert render([{name: 5}]) == f'[\n    {{\n        "{name}": "REDACTED"\n    }}\n]'


@pytest.mark.parametrize("name", TOKEN_NAMES.split())
def test_token_names(name):
    """A text of such a name is hidden, a number is not."""
    assert is_token_name(name)
    assert (render("x", name), render(b"x", name), render(5, name)) == (
        '"REDACTED"',
        '"REDACTED"',
        "5",
    )


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_plain_names(name):
    """Names that only look alike are stored as they are."""
    assert render("value", name) == '"value"'


SHAPES = {
    "sk-proj-abcdefgh12345678": "REDACTED",
    "use sk-ant-api03-abcdefgh12345678_X now": "use REDACTED now",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789": "REDACTED",
    "AKIAIOSFODNN7EXAMPLE": "REDACTED",
    "Authorization: Bearer abcdef.ghijkl-mnop": "Authorization: Bearer REDACTED",
    "postgres://me:pass@host/db": "postgres://REDACTED@host/db",
    "{'password': 'hunter2', 'user': 'me'}": "{'password': 'REDACTED', 'user': 'me'}",
    "Settings(token=SecretStr('abc'), n=1)": "Settings(token=SecretStr('REDACTED'), n=1)",
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n": "REDACTED\n",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def": "REDACTED",
    "scikit-learn, task-1234567890123456789, sk-learn-like-estimators": None,
    "see https://host:8080/path and mail me@host.org": None,
    "the password is not here: max_tokens='x'": None,
}


@pytest.mark.parametrize("text", SHAPES)
def test_texts_with_the_shape_of_a_secret(text):
    """Only the secret part of a text is hidden, and no other text is touched."""
    expected = SHAPES[text]

    assert mask_text(text) == (text if expected is None else expected)


def test_secrets_in_bytes_and_keys():
    """Bytes and dict keys are looked at as well."""
    secret = "sk-proj-abcdefgh12345678"

    assert render({secret: secret.encode()}) == "{\n    \"REDACTED\": b'REDACTED'\n}"
