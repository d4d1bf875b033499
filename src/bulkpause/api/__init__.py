"""Send one HTTP request to Ocamba Hood. May import `model`, `errors` and `_text`."""
