"""What the backtest leaves open: more deals, another label, fewer features, windows that still run, and drift. On one split of the deals."""
