"""Read and replace the file that a node exporter collects."""

import os
from pathlib import Path
from threading import get_ident


#: No file of ours is nearly as long.
_MOST_BYTES = 256 * 1024
#: The node exporter runs as another user, and the metrics hold no secrets.
_MODE = 0o644


class MetricsError(Exception):
    """The file of metrics cannot be read or written. The message says why."""


def read_textfile(path: Path) -> str:
    """Read the file of an earlier run; empty if there is none.

    Raises:
        MetricsError: It cannot be read, or is not a file of metrics.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise MetricsError("it holds something else than the metrics of a job")
        return content.decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise MetricsError("it is not a file of metrics") from error
    except OSError as error:
        raise MetricsError(error.strerror or "it cannot be read") from error


def replace_textfile(path: Path, content: bytes) -> None:
    """Replace the file at once, so that nobody reads a half of it.

    Raises:
        MetricsError: It cannot be written.
    """
    # Not `.prom` at its end, so that no exporter takes it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}")
    try:
        try:
            temporary.write_bytes(content)
            temporary.chmod(_MODE)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MetricsError(error.strerror or "it cannot be written") from error
