"""What differs between operating systems for the log, and the clock's resolution.

Each system is a class that is given its calls, so that all of them are tested on one.
"""

import sys
import time

from bulkpause.journal.platform.system import System


if sys.platform == "win32":
    import msvcrt

    from bulkpause.journal.platform.windows import Windows

    SYSTEM: System = Windows(msvcrt)
elif sys.platform == "darwin":
    import fcntl

    from bulkpause.journal.platform.darwin import Darwin

    SYSTEM: System = Darwin(fcntl)
else:
    import fcntl
    import os

    from bulkpause.journal.platform.linux import Linux

    SYSTEM: System = Linux(fcntl, os)

__all__ = ["SYSTEM", "System", "clock_resolution_s"]


def clock_resolution_s() -> float:
    """Give the resolution of the event loop's clock in seconds.

    It is 15.6 ms on Windows with a Python before 3.13.
    """
    return time.get_clock_info("monotonic").resolution
