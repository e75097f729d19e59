"""Delimited text: which encoding, which dialect, and its lines."""
