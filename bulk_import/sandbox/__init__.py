"""A faithful local addupdatelead: for tests, the demo and rehearsals."""
