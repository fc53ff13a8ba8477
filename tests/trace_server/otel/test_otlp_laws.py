"""Whatever is sent: a request is refused as a whole, or each span is stored or counted."""

from __future__ import annotations

import json

import otlp
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedStart
from weave_lite.trace_server.otel.export import read_request, spans_in

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.one_of(
    TEXTS,
    st.lists(
        st.sampled_from(["gen_ai", "prompt", "usage", "input", "value", "0", "1"]), max_size=4
    ).map(".".join),
    st.sampled_from(
        ["gen_ai.usage.input_tokens", "langfuse.startTime", "wandb.display_name", "llm.model_name"]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.binary(max_size=4),
        TEXTS,
        st.sampled_from(['{"a": [1]}', "[", "{}", "2024-01-01T00:00:00"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SPANS = st.builds(
    otlp.span,
    st.integers(0, 3),
    st.dictionaries(KEYS, VALUES, max_size=6),
    name=TEXTS,
    parent_span_id=st.sampled_from([b"", bytes(8), b"\1" * 8, b"\1"]),
    kind=st.integers(0, 9),
    status_code=st.integers(0, 2),
    start_time_unix_nano=st.sampled_from([0, 1, otlp.START_NS, 2**64 - 1]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "resourceSpans scopeSpans spans resource attributes key value stringValue intValue "
                "doubleValue arrayValue kvlistValue values traceId spanId status code name".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def export(traces):
    """Read a request."""
    return read_request(tsi.OtelExportReq(project_id="acme/demo", traces=traces))


@given(st.lists(SPANS, max_size=4))
def test_encodings_agree(spans):
    """Message, bytes and JSON of one request are the same spans."""
    message = otlp.request(*spans, resource={"a": 1})
    read = list(spans_in(message))
    assert list(spans_in(message.SerializeToString())) == read
    assert list(spans_in(json.dumps(otlp.as_json(message)))) == read


@given(st.lists(SPANS, max_size=4))
def test_stored_or_counted(spans):
    """No span is lost silently, and what is stored is JSON."""
    found = export(otlp.request(*spans))
    starts = [part for part in found.parts if isinstance(part, EncodedStart)]
    partial = found.response.partial_success
    assert len(starts) + (partial.rejected_spans if partial else 0) == len(spans)
    assert len(found.parts) == 2 * len(starts)
    for start in starts:
        assert "otel_span" in json.loads(start.attributes_json)


@given(JSON)
def test_any_json(tree):
    """JSON of any shape is read or refused, never an accident."""
    traces = {"resourceSpans": [{"scopeSpans": [{"spans": [tree, {"attributes": [tree]}]}, tree]}]}
    for candidate in (traces, {"resourceSpans": tree}, {"resourceSpans": [tree]}):
        try:
            export(candidate)
        except InvalidRequest:
            continue


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_any_bytes(content, position, byte):
    """Bytes of any kind, too: noise, and a good message with one byte changed."""
    message = bytearray(otlp.request(otlp.span(1, {"a": "b"})).SerializeToString())
    message[position % len(message)] = byte
    for candidate in (content, bytes(message)):
        try:
            export(candidate)
        except InvalidRequest:
            continue
