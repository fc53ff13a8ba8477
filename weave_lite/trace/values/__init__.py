"""What comes back from ``get()``: records, ops and tables as they are stored."""
