"""Where requests go: the API's address, checked before anything is sent to it.

The token goes to this address and nowhere else, so that an address that could mean
another host than it seems to is refused.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bulkpause._text import quote
from bulkpause.api.url import BadUrlError, host_of, refuse, split
from bulkpause.model import Action


DEFAULT_BASE_URL = "https://api.ocamba.com"

_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
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
            raise ValueError(f"{quote(id_)} cannot stand in a path")
        campaign = f"{self.base_url}/v1/hood/campaigns/{id_}"
        return f"{campaign}/pause" if action is Action.PAUSE else campaign

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def is_secure(self) -> bool:
        return self.base_url.startswith("https:")


def parse_endpoint(base_url: str) -> Endpoint:
    """Check a base URL and write it in its plainest form.

    Raises:
        SettingsError: It is not https (but to loopback), has a user, a query or a
            fragment, or its host could be read as another.
    """
    try:
        return Endpoint(_plain(base_url))
    except BadUrlError as error:
        refuse("base URL", base_url, str(error))


def _plain(base_url: str) -> str:
    parts = split(base_url)
    if "@" in parts.netloc:
        raise BadUrlError("it must not hold a user or a password")
    if not _PATH.fullmatch(parts.path):
        raise BadUrlError("its path holds more than plain names")
    host = host_of(parts)
    if parts.scheme == "http" and not host.is_loopback:
        raise BadUrlError("it must begin with https://")
    return f"{parts.scheme}://{host.netloc}{parts.path.rstrip('/')}"
