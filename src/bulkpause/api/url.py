"""Check a URL that the user gave, and split it into its parts.

The token and the proxy's password go to such a URL. One that two URL parsers could read
differently is therefore refused, even where most of them would agree.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.errors import SettingsError


_MAX_URL_CHARACTERS = 1_000
_MAX_HOST_CHARACTERS = 253
_NETLOC = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: The last label begins with a letter. Otherwise some parsers read the host as a number.
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]){_LABEL}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidUrlError(Exception):
    """A URL that is refused. The message says why and quotes no part of the URL."""


@value(kw_only=False)
class Host:
    """A host and its port, in normal form.

    Attributes:
        netloc: Its name or address, and the port unless it is the scheme's default.
        is_loopback: Whether it is this machine.
    """

    netloc: str
    is_loopback: bool


def split(url: str) -> SplitResult:
    """Split a URL with the scheme http or https.

    Raises:
        InvalidUrlError: It is not valid, or parsers could disagree on it.
    """
    if len(url) > _MAX_URL_CHARACTERS:
        raise InvalidUrlError(f"it is longer than {_MAX_URL_CHARACTERS:,} characters")
    if not re.fullmatch("[!-~]*", url):
        raise InvalidUrlError("it contains a space or another invalid character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidUrlError("it is not a valid URL") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidUrlError("it must begin with https:// or http://")
    if re.search("[?#]", url):
        raise InvalidUrlError("it must not contain a query or a fragment")
    if not _NETLOC.fullmatch(parts.netloc.rpartition("@")[2]) or port == 0:
        raise InvalidUrlError("its host or port is not valid")
    return parts


def host_of(parts: SplitResult) -> Host:
    """Give the host of a URL in normal form.

    Raises:
        InvalidUrlError: It is not valid, or parsers could disagree on it.
    """
    name = parts.hostname or ""
    address = _address(name)
    if address is None and not _is_host_name(name):
        raise InvalidUrlError("its host is not a valid name or IP address")
    if address is not None and not _is_allowed(address):
        raise InvalidUrlError(
            "its IP address is link-local, multicast, reserved, unspecified or 6to4"
        )
    netloc = str(address or name)
    if isinstance(address, IPv6Address):
        netloc = f"[{netloc}]"
    if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}:
        netloc = f"{netloc}:{parts.port}"
    return Host(netloc, is_loopback=_is_loopback(address or name))


def settings_error(name: str, url: str, reason: str) -> SettingsError:
    """Make the error that reports a refused URL, without the secrets in it.

    Args:
        name: The kind of URL, such as "base URL".
        url: As the user gave it. It may contain a password or a key.
        reason: Why it is refused.
    """
    # A password stands before the last @, a key may stand in a query or a fragment.
    redacted = re.sub(r"(?s)^.*@", "…@", url)
    redacted = re.sub(r"(?s)[?#].*$", "?…", redacted)
    return SettingsError(
        f"the {name} {quote(redacted, max_characters=80)} is refused: {reason}"
    )


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_host_name(host: str) -> bool:
    is_short = len(host) <= _MAX_HOST_CHARACTERS
    return is_short and _HOST_NAME.fullmatch(host) is not None


def _is_allowed(address: IPv4Address | IPv6Address) -> bool:
    """Refuse addresses that are not one host's, or that embed another address.

    The metadata service of a cloud, for one, has a link-local address.
    """
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
