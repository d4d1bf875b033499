"""One module per command. May import everything."""
