"""Parse the body of a resume request."""

from dataclasses import dataclass

import orjson

from bulkpause.simulator.campaign import parse_time


#: The bodies that a resume may have. One page of the documentation sends none, another
#: both fields, and says that only one can be passed.
RESUME_BODIES = ("none", "now", "time", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """What a resume request asks for.

    Attributes:
        kind: One of `RESUME_BODIES`.
        runs_immediately: Whether the campaign is to run at once.
        scheduled_time: When it is to start.
    """

    kind: str
    runs_immediately: bool = False
    scheduled_time: str | None = None


def parse_resume(body: bytes) -> Resume | None:
    """Read a body; None if it is not a valid one. An empty object is as good as none."""
    try:
        fields = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    runs, time = fields.get("run_immediately"), fields.get("scheduled_time")
    if runs not in {None, 0, 1} or (time is not None and parse_time(time) is None):
        return None
    kinds = {(False, False): "none", (True, False): "now", (False, True): "time"}
    kind = kinds.get((bool(runs), time is not None), "both")
    return Resume(kind=kind, runs_immediately=bool(runs), scheduled_time=time)
