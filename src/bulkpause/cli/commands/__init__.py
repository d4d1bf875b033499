"""What the commands do, one module for each group. May import all but `cli.app`."""
