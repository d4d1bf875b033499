"""Show a run while it goes on. May import everything but `cli`."""
