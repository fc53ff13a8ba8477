"""A whole request: what is stored of it, and what is answered."""

from __future__ import annotations

import otlp
import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.otel.export import read_request


def export(*spans, project_id="acme/demo", **fields):
    """Read a request of some spans."""
    return read_request(
        tsi.OtelExportReq(project_id=project_id, traces=otlp.request(*spans), **fields)
    )


def test_all_taken():
    """Each span is a start and an end, in order; nothing is partial."""
    found = export(otlp.span(1), otlp.span(2), wb_user_id="ada")
    assert [part.id for part in found.parts] == ["0" * 15 + number for number in "1122"]
    assert {part.wb_user_id for part in found.parts[::2]} == {"ada"}
    assert found.response == tsi.OtelExportRes(partial_success=None)


def test_some_refused():
    """Bad spans are counted and named; the others are taken."""
    found = export(otlp.span(1, span_id=b""), otlp.span(2), otlp.span(3, end_time_unix_nano=0))
    assert [part.id for part in found.parts] == ["0" * 15 + "2"] * 2
    assert found.response.partial_success == tsi.ExportTracePartialSuccess(
        rejected_spans=2,
        error_message="span 'span 1': span_id '' must be 8 bytes, not all zero; "
        "span 'span 3': end_time_unix_nano must be set; send a span when it has ended",
    )


def test_message_stays_short():
    """Of many reasons the first five are told, and equal ones once."""
    found = export(*(otlp.span(number, trace_id=b"") for number in range(1, 21)))
    assert found.response.partial_success.rejected_spans == 20
    assert found.response.partial_success.error_message.endswith("; and 15 more")
    alike = export(*(otlp.span(1, trace_id=b"") for _ in range(20)))
    assert alike.response.partial_success == tsi.ExportTracePartialSuccess(
        rejected_spans=20,
        error_message="span 'span 1': trace_id '' must be 16 bytes, not all zero",
    )


def test_project_id_is_checked_first():
    """A request for no project is refused as a whole."""
    with pytest.raises(InvalidRequest, match="project_id"):
        export(otlp.span(), project_id="demo")
