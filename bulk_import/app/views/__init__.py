"""Handlers, one module for each page."""
