"""Sections of Acts, and the queries that statute law itself gives: titles, cross-references, definitions."""
