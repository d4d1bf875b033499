"""Divide the work of a run among several processes that do not talk to each other."""

import hashlib
import os
import re
from collections.abc import Mapping
from functools import partial

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError


#: Kubernetes sets it in the pods of an indexed job: the number of the pod, from 0.
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
#: More shards than this are a slip of the keyboard.
_MOST = 10_000
_FORM = partial(re.fullmatch, r"([0-9]{1,9}|auto)/([0-9]{1,9})")


@value(kw_only=False)
class Shard:
    """One of several parts of the work, the same in every process and on every host.

    Attributes:
        number: Which part it is, from 1.
        count: How many parts there are.
    """

    number: int
    count: int

    def takes(self, name: str) -> bool:
        """Tell whether the account or the id of this name is in this part."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
        # The part of the range of hashes in which this one falls.
        place = int.from_bytes(digest[:8], "big") * self.count >> 64
        return place == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse_shard(text: str, environ: Mapping[str, str] | None = None) -> Shard:
    """Read a shard such as `2/8`, or `auto/8` with the number of a Kubernetes pod.

    Args:
        text: The number of the part, from 1, and how many there are.
        environ: The environment variables: `auto` is `JOB_COMPLETION_INDEX` + 1. None
            for those of the process.

    Raises:
        SettingsError: It is not a valid shard, or the variable is not set.
    """
    match = _FORM(text)
    if match is None:
        raise SettingsError(f"{quote(text)} is not a valid shard; write 2/8 or auto/8")
    variables = os.environ if environ is None else environ
    number = _index(variables) + 1 if match[1] == "auto" else int(match[1])
    count = int(match[2])
    if not 1 <= number <= count <= _MOST:
        raise SettingsError(
            f"the shard {number}/{count} does not exist; write 1/{count or 8} to "
            f"{count or 8}/{count or 8}, and up to {_MOST:,} shards"
        )
    return Shard(number, count)


def _index(environ: Mapping[str, str]) -> int:
    text = environ.get(INDEX_VARIABLE, "")
    if not re.fullmatch("[0-9]{1,9}", text):
        raise SettingsError(
            f"--shard auto needs the variable {INDEX_VARIABLE} with a number from 0, as "
            "Kubernetes sets it in an indexed job; write the number instead, such as 1/8"
        )
    return int(text)
