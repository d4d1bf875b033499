"""Parse the command line, run the command, and exit with its code.

May import every package.
"""
