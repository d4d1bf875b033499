"""Keep the result log and the write-ahead log. May import `plan`, `ids`, `model`, `errors` and `_text`."""
