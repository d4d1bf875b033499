"""Bring every id to a status; imports only `plan`, `ids`, `model`, `errors` and `_text`.

The HTTP client, the rate limiter and the journal come in through `ports`.
"""
