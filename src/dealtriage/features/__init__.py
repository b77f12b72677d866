"""Engagement features: a function per column, a module per subject, all registered in `registry`."""
