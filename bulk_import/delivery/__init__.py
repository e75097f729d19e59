"""Sending: bounded pool, per-contact lanes, one pace, retries, the breaker, group commits."""
