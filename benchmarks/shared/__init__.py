"""Measure runs that share one account, in real time."""
