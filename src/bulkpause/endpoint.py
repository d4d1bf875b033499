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

_LONGEST_URL = 1_000
_LONGEST_HOST = 253
_NETLOC = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: The last label begins with a letter: else it could be read as a number.
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]){_LABEL}")
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: What means itself in a path. Which of these are ids is not for here to say.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of an API: scheme, host and, where there is one, a path."""

    base_url: str

    def url(self, action: Action, id_: str) -> str:
        """Give the URL for an action on an id that was accepted as one.

        Raises:
            ValueError: The id would lead to another place.
        """
        if not _PLAIN_ID.fullmatch(id_):
            raise ValueError(f"{shown(id_)} can not stand in a path")
        campaign = f"{self.base_url}/v1/hood/campaigns/{id_}"
        return f"{campaign}/pause" if action is Action.PAUSE else campaign

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


def parse_endpoint(base_url: str) -> Endpoint:
    """Check a base URL and write it in its plainest form.

    Raises:
        SettingsError: It is not https (but to loopback), has a user, a query or a
            fragment, or its host could be read as another.
    """
    parts = _checked_parts(base_url)
    host = parts.hostname or ""
    address = _address(host)
    if address is None and not _is_host_name(host):
        _refuse(base_url, "its host is no name and no plain IP address")
    if address is not None and not _is_of_a_host(address):
        _refuse(base_url, "its address is not one of a host")
    if parts.scheme == "http" and not _is_loopback(address or host):
        _refuse(base_url, "it must begin with https://")
    netloc = str(address or host)
    if isinstance(address, IPv6Address):
        netloc = f"[{netloc}]"
    if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}:
        netloc = f"{netloc}:{parts.port}"
    return Endpoint(f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}")


def _checked_parts(base_url: str) -> SplitResult:
    if not re.fullmatch(rf"[!-~]{{0,{_LONGEST_URL}}}", base_url):
        _refuse(base_url, "it is too long or holds characters that no address has")
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        _refuse(base_url, "it can not be read as an address")
    faults = {
        "it must begin with https://": parts.scheme not in _DEFAULT_PORTS,
        "it must not hold a user or a password": "@" in parts.netloc,
        "it must not hold a query or a fragment": re.search("[?#]", base_url),
        "its host or port is none": not _NETLOC.fullmatch(parts.netloc) or port == 0,
        "its path holds more than plain names": not _PATH.fullmatch(parts.path),
    }
    for reason, is_at_fault in faults.items():
        if is_at_fault:
            _refuse(base_url, reason)
    return parts


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_host_name(host: str) -> bool:
    return len(host) <= _LONGEST_HOST and _HOST_NAME.fullmatch(host) is not None


def _is_of_a_host(address: IPv4Address | IPv6Address) -> bool:
    """Leave out what reaches no host, or one that another address is hidden in."""
    return _is_loopback(address) or not (
        address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or (isinstance(address, IPv6Address) and address.sixtofour is not None)
    )


def _is_loopback(host: IPv4Address | IPv6Address | str) -> bool:
    if isinstance(host, IPv4Address):
        return host.is_loopback
    return str(host) in {"localhost", "::1"}


def _refuse(base_url: str, reason: str) -> NoReturn:
    # Ahead of an @ stands a password, behind a ? perhaps a key.
    text = re.sub(r"(?s)^.*@", "…@", base_url)
    text = re.sub(r"(?s)[?#].*$", "?…", text)
    raise SettingsError(f"the base URL {shown(text, most=80)} is refused: {reason}")
