"""Make one HTML file of logs: the headline, charts, causes and a table of all ids.

What the page shows is decided here as values; `page.html.j2` only writes it down.
"""
