"""The command line: options in, exit code out. May import every package."""
