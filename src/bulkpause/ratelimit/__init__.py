"""Decide when the next request may be sent.

May import `model`, `errors` and `_text`. Reads no clock but the event loop's.
"""
