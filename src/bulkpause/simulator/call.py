"""Parse a request into the facts that decide its response."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import orjson


LIST_PATH = "/v1/hood/campaigns"
CHECK_PATH = "/v2/ocamba/personal-api-keys/validate"
CAMPAIGN_PATH = re.compile(r"/v1/hood/campaigns/([^/]+)(?:/(pause|cancel|resume))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with its body and connection.

    Attributes:
        action: `pause`, `view` (a read-back), `cancel`, `resume`, `list`, `check` (of
            the token), or None.
        connection: Serial number of the TCP connection.
        company_id: The company of its token, if each token is an account of its own.
        admitted: Whether the limit of parallel requests allows it.
    """

    method: str
    raw_path: str
    body: bytes
    request_id: str | None
    token_ok: bool
    action: str | None
    id: str | None
    connection: int
    admitted: bool
    company_id: str | None = None

    @property
    def query(self) -> str:
        """The query of the URL, without its question mark."""
        return self.raw_path.partition("?")[2]

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
        accounts: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Parse a request; `token` is the accepted one, or None for any.

        If there are `accounts`, the companies by token, their tokens are accepted.
        """
        authorization = headers.get("Authorization", "")
        company_id = accounts.get(authorization.removeprefix("Bearer "))
        if accounts:
            is_accepted = company_id is not None
        else:
            is_accepted = is_token_accepted(authorization, token)
        raw_path = printable(raw_path)
        action, campaign_id = route(method, raw_path)
        request_id = headers.get("X-Request-Id")
        return cls(
            method=method,
            raw_path=raw_path,
            body=body,
            request_id=None if request_id is None else printable(request_id),
            token_ok=is_accepted,
            action=action,
            id=campaign_id,
            connection=connection,
            admitted=admitted,
            company_id=company_id,
        )


def route(method: str, raw_path: str) -> tuple[str | None, str | None]:
    """Find the action and the campaign id, each None if the request has none.

    The path is matched as it was sent: no dot segments or escapes are resolved.
    """
    path = raw_path.partition("?")[0]
    without_id = {("GET", LIST_PATH): "list", ("POST", CHECK_PATH): "check"}
    if (action := without_id.get((method, path))) is not None:
        return action, None
    match = CAMPAIGN_PATH.fullmatch(path)
    if match is None:
        return None, None
    campaign_id, verb = match.groups()
    if verb is None:
        return ("view" if method == "GET" else None), campaign_id
    return (verb if method == "POST" else None), campaign_id


def is_token_accepted(authorization: str, token: str | None) -> bool:
    """Check the bearer token of a header; None accepts any token."""
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() != "bearer" or not sent:
        return False
    return token is None or sent == token


def printable(text: str) -> str:
    r"""Escape bytes that are not UTF-8, as in `\udcff`."""
    return text.encode(errors="backslashreplace").decode()


def is_valid_body(body: bytes) -> bool:
    """Check that a body is a JSON object whose `reason`, if any, is a string."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and isinstance(value.get("reason", ""), str)
