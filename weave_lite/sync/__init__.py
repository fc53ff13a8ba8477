"""Moving projects from one trace server to another, resumable, with a check at the end."""
