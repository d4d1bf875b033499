"""Turn records into totals, text, CSV and JSON. May import `model`, `errors` and `_text`."""
