"""What differs between operating systems for the log, and the clock's resolution.

Each system is a class that is given its calls, so that all of them are tested on one.
"""

import sys
import time

from bulkpause.journal.platform.open_files import FileLimits
from bulkpause.journal.platform.system import System


#: None where files are not limited in this way.
FILE_LIMITS: FileLimits | None = None

if sys.platform == "win32":
    import msvcrt

    from bulkpause.journal.platform.windows import Windows

    SYSTEM: System = Windows(msvcrt)
elif sys.platform == "darwin":
    import fcntl
    import resource

    from bulkpause.journal.platform.darwin import Darwin

    SYSTEM: System = Darwin(fcntl)
    FILE_LIMITS = resource
else:
    import fcntl
    import os
    import resource

    from bulkpause.journal.platform.linux import Linux

    SYSTEM: System = Linux(fcntl, os)
    FILE_LIMITS = resource

__all__ = ["FILE_LIMITS", "SYSTEM", "System", "clock_resolution_s"]


def clock_resolution_s() -> float:
    """Give the resolution of the event loop's clock in seconds.

    It is 15.6 ms on Windows with a Python before 3.13.
    """
    return time.get_clock_info("monotonic").resolution
