"""An API in which the id of a campaign says how its answers are broken."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from tests.broken_answers import NO_CONTENT, SPOILT_BODIES, UNANSWERED, raw
from tests.faulty_server import Behaviour, choosing, hanging_up_after


Answer = bytes | Behaviour
#: What became of the campaign, whatever the answer to the pause said: it was paused,
#: it was not, or nobody can be asked.
FATES = ("acted", "idle", "lost")


def answer(status: int, body: bytes = b"{}", head: str = "") -> bytes:
    lines = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    return lines.encode() + body


def view_of(id_: str) -> Answer:
    seen = {"acted": "paused", "good": "paused", "idle": "running"}
    status = seen.get(id_.rpartition("-")[2])
    if status is None:
        return raw()
    return answer(200, orjson.dumps({"items": [{"id": id_, "status": status}]}))


def broken_api(pauses: Mapping[str, Answer | list[Answer]]) -> Behaviour:
    """Answer pauses by the first half of their id, and views by its fate.

    Of a list each id is given the answers in turn.
    """
    so_far: Counter[str] = Counter()

    def choose(request: bytes) -> Answer:
        match = re.match(rb"([A-Z]+) /v1/hood/campaigns/([^/ ]+)", request)
        assert match is not None
        method, id_ = match[1], match[2].decode()
        kind, _, fate = id_.rpartition("-")
        if method == b"GET":
            return view_of(id_)
        if fate == "good":
            return NO_CONTENT
        so_far[id_] += 1
        chosen = pauses[kind]
        return chosen[so_far[id_] - 1] if isinstance(chosen, list) else chosen

    return choosing(choose)


def ids_of(kinds: Iterable[str]) -> list[str]:
    """Give ids that share a kind, and between them those to which all goes well."""
    pairs = (
        (f"{kind}-{n}-good", kind, fate)
        for kind in kinds
        for n, fate in enumerate(FATES)
    )
    return [id_ for good, kind, fate in pairs for id_ in (good, f"{kind}-{fate}")]


#: It may have been done, and is settled by reading back.
DOUBTFUL = ("paused", "failed", "unknown")
#: It was refused, and is read back to see why; where it can not be, it is left open.
REFUSED = ("already_paused", "not_pausable", "failed")
FINAL = ("rejected", "rejected", "rejected")
NOT_TAKEN = ("failed", "failed", "failed")
DONE = ("paused", "paused", "paused")

KINDS: dict[str, tuple[Answer, tuple[str, ...]]] = {
    **{name: (one, DOUBTFUL) for name, (one, _) in UNANSWERED.items()},
    **{name: (one, REFUSED) for name, one in SPOILT_BODIES.items()},
    **{str(code): (answer(code), DOUBTFUL) for code in (500, 501, 502, 504, 520, 599)},
    **{str(code): (answer(code), NOT_TAKEN) for code in (503, 408, 425)},
    **{
        str(code): (answer(code), FINAL)
        for code in (200, 201, 202, 206, 299, 403, 404, 405, 409, 410, 418, 422, 451)
    },
    "101": (hanging_up_after(answer(101)), FINAL),
    "400": (answer(400), REFUSED),
    "HTML 502": (answer(502, b"<html>Bad gateway</html>"), DOUBTFUL),
    "204 and more": (hanging_up_after(NO_CONTENT), DONE),
    "204 with a length": (answer(204, b""), DONE),
    "204 and bytes beyond": (raw(NO_CONTENT, b"{}"), DONE),
}
