"""Say a remedy in the words of a program: keywords, where the command has options."""

import re


#: What an option of the command is in a program, without its value.
_KEYWORDS = {
    "--column": "Layout(column=…)",
    "--name-column": "Layout(name_column=…)",
    "--account-column": "Layout(account_column=…)",
    "--order-by": "Layout(sort_column=…)",
    "--sheet": "Layout(sheet=…)",
    "--multiline-cells": "Layout(has_multiline_cells=True)",
    "--any-id": "Layout(takes_any_id=True)",
    "--skip-invalid": "skip_invalid=True",
}
#: Options with values that have names in a program.
_NAMED = re.compile(r"--(?P<option>format|hidden-rows) (?P<value>[a-z]+)")
_CLASSES = {"format": "Format", "hidden-rows": "HiddenRows"}
_WITH_VALUE = re.compile(r"pass --(?P<option>column) (?P<value>[^\s,;]+)")
_OPTION = re.compile(r"--[a-z][a-z-]*[a-z]")


def in_keywords(message: str) -> str:
    """Write a message about an input in the keywords of `read_input`."""
    message = _NAMED.sub(_named, message)
    message = _WITH_VALUE.sub(r"pass Layout(\g<option>='\g<value>')", message)
    return _OPTION.sub(lambda found: _KEYWORDS.get(found[0], found[0]), message)


def _named(found: re.Match[str]) -> str:
    option, value = found["option"], found["value"].upper()
    keyword = option.replace("-", "_")
    return f"Layout({keyword}={_CLASSES[option]}.{value})"
