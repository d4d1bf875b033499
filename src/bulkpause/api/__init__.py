"""Send one HTTP request to Ocamba Hood and parse its response.

May import `model`, `errors` and `_text`.
"""
