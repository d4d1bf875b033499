"""Where requests go: the API's address, checked before anything is sent to it.

The token goes to this address and nowhere else, so that an address that could mean
another host than it seems to is refused.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from bulkpause.errors import SettingsError
from bulkpause.ids import shown
from bulkpause.model import Action


DEFAULT_BASE_URL = "https://api.ocamba.com"

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of an API: scheme, host and, where there is one, a path."""

    base_url: str

    def url(self, action: Action, id_: str) -> str:
        """Give the URL for an action on an id that was accepted as one."""
        campaign = f"{self.base_url}/v1/hood/campaigns/{id_}"
        return f"{campaign}/pause" if action is Action.PAUSE else campaign

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def is_secure(self) -> bool:
        return self.base_url.startswith("https:")


def parse_endpoint(base_url: str) -> Endpoint:
    """Check a base URL.

    Raises:
        SettingsError: It is not https (but to loopback), has a user, a query or a
            fragment, or its host could be read as another.
    """
    if not base_url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", base_url):
        _refuse(base_url, "it holds characters that no address has")
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        _refuse(base_url, "it can not be read as an address")
    host = parts.hostname or ""
    address = _address(host)
    _check_parts(base_url, parts)
    if address is None and not _HOST_NAME.fullmatch(host):
        _refuse(base_url, "its host is no name and no plain IP address")
    if address is not None and (
        address.is_link_local or address.is_unspecified or address.is_multicast
    ):
        _refuse(base_url, "its address is not one of a host")
    is_loopback = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        _refuse(base_url, "it must begin with https://")
    shown_host = f"[{host}]" if ":" in host else host
    netloc = shown_host if port is None else f"{shown_host}:{port}"
    return Endpoint(f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}")


def _check_parts(base_url: str, parts: SplitResult) -> None:
    if "@" in parts.netloc:
        _refuse(base_url, "it must not hold a user or a password")
    if "?" in base_url or "#" in base_url:
        _refuse(base_url, "it must not hold a query or a fragment")
    if not _PATH.fullmatch(parts.path):
        _refuse(base_url, "its path holds more than plain names")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refuse(base_url: str, reason: str) -> NoReturn:
    text = re.sub(r"//[^/]*@", "//…@", base_url)
    raise SettingsError(f"the base URL {shown(text, most=80)} is refused: {reason}")
