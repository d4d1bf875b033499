"""Bring every id to a status.

May import `plan`, `ids`, `model`, `errors` and `_text`. The HTTP client, the rate
limiter and the journal come in through `ports`.
"""
