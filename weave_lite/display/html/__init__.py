"""What notebooks show: calls, tables and objects as HTML. Pure: values in, text out."""
