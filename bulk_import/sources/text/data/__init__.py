"""Data of the detector of encodings, and what makes it."""
