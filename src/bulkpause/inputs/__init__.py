"""Read campaign ids from a file or standard input.

May import `plan`, `ids`, `model`, `errors` and `_text`.
"""
