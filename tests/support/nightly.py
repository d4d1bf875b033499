"""Whether the cases are tried at their full size, as they are at night."""

import os


IS_NIGHTLY = os.environ.get("BULKPAUSE_NIGHTLY") == "1"
