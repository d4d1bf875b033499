"""Carry out the commands, one module for each group.

May import everything except `cli.app`.
"""
