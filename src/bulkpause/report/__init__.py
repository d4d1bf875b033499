"""Turn records into totals, text, CSV and JSON.

May import `plan`, `ids`, `model`, `errors` and `_text`.
"""
