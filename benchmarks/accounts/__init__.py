"""Measure one process that pauses in many accounts at once."""
