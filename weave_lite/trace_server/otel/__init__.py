"""OpenTelemetry spans as calls: reading a request, finding inputs and outputs, writing records.

Pure: no store, no connection. OTLP JSON needs nothing beyond this package; OTLP protobuf as bytes
needs the extra ``otel``.
"""
