"""The proxy that requests go through, if one is asked for.

A proxy is only asked for a tunnel to the API, so that it learns the name of the host
and never the token. Its own user and password go to it alone, and into no output.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from bulkpause.api.url import BadUrlError, host_of, refuse, split


_USER = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where tunnels are asked for.

    Attributes:
        url: Its address, without the user and the password.
        authorization: The value of the `Proxy-Authorization` header that holds these.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)


def parse_proxy(url: str) -> Proxy:
    """Check the address of a proxy, and take the user and the password out of it.

    Raises:
        SettingsError: It is not http or https, has more than a host, a port, a user
            and a password, or its host could be read as another.
    """
    try:
        return _proxy(url)
    except BadUrlError as error:
        refuse("proxy", url, f"{error}; write it like http://proxy.example:3128")


def _proxy(url: str) -> Proxy:
    parts = split(url)
    if parts.path not in {"", "/"}:
        raise BadUrlError("it must hold no path")
    user = parts.netloc.rpartition("@")[0]
    if not _USER.fullmatch(user):
        raise BadUrlError("its user or password is not percent-encoded")
    plain = f"{parts.scheme}://{host_of(parts).netloc}"
    return Proxy(plain, _basic(user) if user else None)


def proxy_of_environment(host: str) -> Proxy | None:
    """Find the proxy that the environment's variables name for an https host.

    That is `https_proxy`, else `all_proxy`, unless `no_proxy` names the host.

    Raises:
        SettingsError: What they name cannot be used.
    """
    # Imported where it is asked for: it brings much along.
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

    found = getproxies_environment()
    url = found.get("https") or found.get("all")
    if not url or proxy_bypass(host):
        return None
    return parse_proxy(url if "://" in url else f"http://{url}")


def _basic(user: str) -> str:
    name, _, password = user.partition(":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(pair).decode()}"
