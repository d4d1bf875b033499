"""Import aiohttp in a thread, since half of that time is no work for the interpreter.

While it is imported, it reads the certificates of the system twice, and meanwhile the
caller can import and read what else a run needs.
"""

import sys
from contextlib import suppress
from threading import Thread


_NAME = "aiohttp"
#: The module that reads the certificates, after it has imported most of the others.
_READER = "aiohttp.connector"
#: How often it is looked for. A look takes the interpreter from the import.
_LOOK_S = 0.002


def import_early() -> None:
    """Begin to import aiohttp, and return when it needs the interpreter less.

    Until then the caller would only slow it down, and be done before the certificates
    are read. The import ends by itself; whoever imports aiohttp too waits for it.
    """
    if _NAME in sys.modules:
        return
    importing = Thread(target=_import, name="import of aiohttp")
    try:
        importing.start()
    except RuntimeError:  # there are no threads to be had: it is imported on use
        return
    while importing.is_alive() and _READER not in sys.modules:
        importing.join(_LOOK_S)


def _import() -> None:
    # Whoever needs it meets the error, too.
    with suppress(Exception):
        import aiohttp  # noqa: F401, PLC0415 (see above)
