"""Show a running run live. May import everything except `cli`."""
