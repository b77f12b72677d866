"""The internal win/loss analysis: when it went wrong, against whom it compares, whose mistake it looks like, what kind of outcome."""
