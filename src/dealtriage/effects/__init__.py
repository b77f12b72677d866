"""Does a phase help: what was recommended, what was done and what followed, and what can be told from it."""
