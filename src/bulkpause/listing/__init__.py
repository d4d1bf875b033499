"""Lists of campaigns: filters, pages, and when a list is whole.

It imports only modules below it, and waits for nothing.
"""
