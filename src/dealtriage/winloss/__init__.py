"""The internal win/loss analysis: when it went wrong, whose mistake it looks like, what kind of no decision."""
