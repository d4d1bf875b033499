"""Measure bulkpause. Imports `bulkpause` and `tests.testkit`, and is not installed."""
