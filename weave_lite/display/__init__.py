"""Plain data to text and HTML for people; knows no store and no client."""
