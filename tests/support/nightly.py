"""Whether tests run at their full size, as in the nightly build."""

import os


IS_NIGHTLY = os.environ.get("BULKPAUSE_NIGHTLY") == "1"
