"""Fill in the files of templates: text with `<<name>>` for each value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources


_PLACE = re.compile(r"<<([a-z_]+)>>")

Values = Mapping[str, str | Sequence[str]]


def fill_file(name: str, values: Values) -> str:
    """Fill in a file of this package.

    A text replaces its name. A line with the name of a sequence is repeated for each
    element, and left out if there is none.
    """
    file = resources.files("bulkpause.cli.templates") / "files" / name
    lines = file.read_text("utf-8").splitlines()
    return "".join(f"{each}\n" for line in lines for each in _filled(line, values))


def _filled(line: str, values: Values) -> Iterator[str]:
    names = _PLACE.findall(line)
    several = next((name for name in names if not isinstance(values[name], str)), None)
    if several is None:
        yield _PLACE.sub(lambda place: str(values[place[1]]), line)
        return
    for element in values[several]:
        yield from _filled(line, {**values, several: element})
