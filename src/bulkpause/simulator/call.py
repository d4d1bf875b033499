"""A request, reduced to what the stand-in decides by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import orjson


CAMPAIGN_PATH = re.compile(r"/v1/hood/campaigns/([^/]+)(?:/(pause|cancel|resume))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with its body, and where it came in."""

    method: str
    raw_path: str
    body: bytes
    request_id: str | None
    token_ok: bool
    action: str | None
    id: str | None
    connection: int
    admitted: bool

    @classmethod
    def of(
        cls,
        method: str,
        raw_path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        token: str | None,
        connection: int,
        admitted: bool,
    ) -> Self:
        """Take from a request what matters; `token` is the one that is good."""
        raw_path = printable(raw_path)
        action, campaign_id = route(method, raw_path)
        request_id = headers.get("X-Request-Id")
        return cls(
            method=method,
            raw_path=raw_path,
            body=body,
            request_id=None if request_id is None else printable(request_id),
            token_ok=token_is_good(headers.get("Authorization", ""), token),
            action=action,
            id=campaign_id,
            connection=connection,
            admitted=admitted,
        )


def route(method: str, raw_path: str) -> tuple[str | None, str | None]:
    """Tell the action and the campaign's id, each None where there is none.

    The path is taken as it was sent: no dot segments or escapes are resolved.
    """
    match = CAMPAIGN_PATH.fullmatch(raw_path.partition("?")[0])
    if match is None:
        return None, None
    campaign_id, verb = match.groups()
    if verb is None:
        return ("view" if method == "GET" else None), campaign_id
    return (verb if method == "POST" else None), campaign_id


def token_is_good(authorization: str, token: str | None) -> bool:
    """Tell whether the header holds the bearer token; any token if it is None."""
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() != "bearer" or not sent:
        return False
    return token is None or sent == token


def printable(text: str) -> str:
    r"""Show bytes that are not UTF-8 as escapes such as `\udcff`."""
    return text.encode(errors="backslashreplace").decode()


def is_valid(body: bytes) -> bool:
    """Tell whether a body is a JSON object whose `reason`, if any, is a string."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and isinstance(value.get("reason", ""), str)
