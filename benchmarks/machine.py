"""What a table of real time was measured on, named so that it can be set beside others."""

import os
import platform


def machine() -> str:
    """Name the machine: no host and no path."""
    cores = len(os.sched_getaffinity(0))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores, {python}, {platform.system()}"
