"""Fixtures shared by all tests; few and plain."""
