"""Rows from a workbook: `.xlsx` and `.ods`.

python-calamine reads the cells. It trusts what a file says about itself, and aborts the
whole process where that is a lie, so a pass of our own comes first: it bounds what the
reader will meet, finds what the reader does not tell (hidden rows, filters, error cells,
formulas without a saved result), and copies the parts that it has seen. Only that copy
reaches the reader.
"""
