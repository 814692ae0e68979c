"""Retrieval from the handbook, behind one contract."""
