"""Carry every id to a status. May import `model`, `errors` and `_text`; what it talks to comes in through its protocols."""
