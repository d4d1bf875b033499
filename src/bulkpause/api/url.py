"""A URL that somebody gave → its parts, if they can be read in one way only."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from bulkpause._text import quote
from bulkpause.errors import SettingsError


_LONGEST_URL = 1_000
_LONGEST_HOST = 253
_NETLOC = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: The last label begins with a letter: else it could be read as a number.
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]){_LABEL}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BadUrlError(Exception):
    """Says what is wrong with a URL, in words that repeat nothing of it."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host, written in one way only.

    Attributes:
        netloc: Its name or address, and the port where it is not the scheme's own.
        is_loopback: Whether it is this machine.
    """

    netloc: str
    is_loopback: bool


def split(url: str) -> SplitResult:
    """Split a URL with the scheme http or https.

    Raises:
        BadUrlError: It is none, or could be read in another way.
    """
    if not re.fullmatch(rf"[!-~]{{0,{_LONGEST_URL}}}", url):
        raise BadUrlError("it is too long or holds characters that no address has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadUrlError("it cannot be read as an address") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise BadUrlError("it must begin with https://, or http:// where that will do")
    if re.search("[?#]", url):
        raise BadUrlError("it must not hold a query or a fragment")
    if not _NETLOC.fullmatch(parts.netloc.rpartition("@")[2]) or port == 0:
        raise BadUrlError("its host or port is none")
    return parts


def host_of(parts: SplitResult) -> Host:
    """Give the host of a URL.

    Raises:
        BadUrlError: It is no host, or could be read as another.
    """
    name = parts.hostname or ""
    address = _address(name)
    if address is None and not _is_host_name(name):
        raise BadUrlError("its host is no name and no plain IP address")
    if address is not None and not _is_of_a_host(address):
        raise BadUrlError("its address is not one of a host")
    netloc = str(address or name)
    if isinstance(address, IPv6Address):
        netloc = f"[{netloc}]"
    if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}:
        netloc = f"{netloc}:{parts.port}"
    return Host(netloc, is_loopback=_is_loopback(address or name))


def refuse(what: str, url: str, reason: str) -> NoReturn:
    """Refuse a URL without the secrets that may be in it."""
    # Ahead of an @ stands a password, behind a ? perhaps a key.
    text = re.sub(r"(?s)^.*@", "…@", url)
    text = re.sub(r"(?s)[?#].*$", "?…", text)
    raise SettingsError(f"the {what} {quote(text, most=80)} is refused: {reason}")


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
