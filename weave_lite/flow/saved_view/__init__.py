"""Saved views: filters, columns and order of a table of calls, kept under a name.

Each noun has its file: paths, fields, operators, filters, columns, cells, and the view itself.
"""

from __future__ import annotations

from weave_lite.core.errors import QueryTranslationException
from weave_lite.flow.saved_view.columns import TableColumn
from weave_lite.flow.saved_view.filters import Filter, filters_to_query, query_to_filters
from weave_lite.flow.saved_view.layout import SortDirection
from weave_lite.flow.saved_view.path import ObjectPath
from weave_lite.flow.saved_view.view import SavedView

__all__ = [
    "Filter",
    "ObjectPath",
    "QueryTranslationException",
    "SavedView",
    "SortDirection",
    "TableColumn",
    "filters_to_query",
    "query_to_filters",
]
