"""Write and read the result log and the write-ahead log, and recover earlier runs.

May import `plan`, `ids`, `model`, `errors` and `_text`.
"""
