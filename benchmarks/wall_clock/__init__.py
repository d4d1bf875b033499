"""Measure the installed program and its parts in real time. Linux only, for /proc."""
