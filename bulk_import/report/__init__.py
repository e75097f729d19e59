"""Outcomes -> report.csv, rejects in the user's own format, summary.json. All from the journal."""
