"""Tells stalled deals from dead ones."""
