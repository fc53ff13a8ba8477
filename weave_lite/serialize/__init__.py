"""Values to stored JSON and back. Knows refs, not servers; side effects go through Sink and Source."""
