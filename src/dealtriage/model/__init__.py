"""Baselines, candidates and calibration: scikit-learn estimators that turn the matrix into a chance of revival."""
