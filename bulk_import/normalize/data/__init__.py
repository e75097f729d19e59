"""Data that the normalizers read, and the scripts that made it."""
