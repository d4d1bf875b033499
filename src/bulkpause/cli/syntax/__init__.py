"""The arguments, the options and the help of each command.

A module is imported when its command is called, and what the command does when its
arguments are right: help and usage errors appear at once.
"""
