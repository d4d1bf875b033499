"""Display a run and its progress while it is running.

May import everything except `cli`.
"""
