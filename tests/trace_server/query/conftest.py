"""A connection to an empty store, and the one call in it."""

from __future__ import annotations

import pytest
from one_call import OneCall
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from weave_lite.trace_server.query.functions import register
from weave_lite.trace_server.store.schema import metadata


@pytest.fixture(scope="module")
def connection():
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as conn:
        register(conn.connection.driver_connection)
        metadata.create_all(conn)
        yield conn
    engine.dispose()


@pytest.fixture
def call(connection):
    return OneCall(connection)
