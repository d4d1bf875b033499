"""Find and check the proxy through which requests are sent.

The proxy only opens a tunnel to the API, so that it learns the API's host and never the
token. The proxy's user and password are sent to it alone, and appear in no output.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import field
from urllib.parse import unquote_to_bytes

from bulkpause._value import value
from bulkpause.api.url import InvalidUrlError, host_of, settings_error, split


_USER_INFO = r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*"
#: A shorter name of a user occurs in other texts by chance.
_FEWEST_OF_SECRET_NAME = 4


@value(kw_only=False)
class Proxy:
    """A proxy that can open tunnels.

    Attributes:
        url: Its URL, without the user and the password.
        authorization: The `Proxy-Authorization` header with the user and the password.
        secrets: The user and the password, to remove from what the proxy says.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def parse_proxy(url: str) -> Proxy:
    """Check the URL of a proxy, and separate the user and the password from it.

    Raises:
        SettingsError: It is not http or https, has more than a host, a port, a user
            and a password, or parsers could disagree on its host.
    """
    try:
        return _proxy(url)
    except InvalidUrlError as error:
        reason = f"{error}; write it like http://proxy.example:3128"
        raise settings_error("proxy", url, reason) from None


def _proxy(url: str) -> Proxy:
    parts = split(url)
    if parts.path not in {"", "/"}:
        raise InvalidUrlError("it must not contain a path")
    user_info = parts.netloc.rpartition("@")[0]
    if not re.fullmatch(_USER_INFO, user_info):
        raise InvalidUrlError("its user or password is not percent-encoded")
    plain = f"{parts.scheme}://{host_of(parts).netloc}"
    if not user_info:
        return Proxy(plain)
    name, _, password = map(unquote_to_bytes, user_info.partition(":"))
    return Proxy(plain, _basic(name, password), tuple(_secrets(name, password)))


def _basic(name: bytes, password: bytes) -> str:
    # By hand: aiohttp takes text, while a password may be any bytes, and importing
    # aiohttp would delay the commands that send nothing.
    return f"Basic {b64encode(name + b':' + password).decode()}"


def _secrets(name: bytes, password: bytes) -> Iterator[str]:
    """Give the texts as which a proxy may echo a user and a password, of any encoding."""
    for encoding in ("utf-8", "latin-1"):
        yield password.decode(encoding, "replace")
        if len(name) >= _FEWEST_OF_SECRET_NAME:
            yield name.decode(encoding, "replace")
    # A short password has too short a form in Base64 to be found in it.
    yield b64encode(name + b":" + password).decode()


def proxy_of_environment(host: str) -> Proxy | None:
    """Find the proxy for an https host in the environment variables.

    That is `https_proxy`, else `all_proxy`, unless `no_proxy` lists the host.

    Raises:
        SettingsError: The variable's value is not a valid proxy.
    """
    # Imported on use: it loads many modules.
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

    variables = getproxies_environment()
    url = variables.get("https") or variables.get("all")
    if not url or proxy_bypass(host):
        return None
    return parse_proxy(url if "://" in url else f"http://{url}")
