"""Check the base URL of the API and build the URL of each request.

The token is sent to this host and no other. A base URL that could mean another host than
it seems to is therefore refused.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote as quote_plain
from urllib.parse import urlencode, urlsplit

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.api.url import InvalidUrlError, host_of, settings_error, split
from bulkpause.operation import operation_of
from bulkpause.vocabulary import Action


DEFAULT_BASE_URL = "https://api.ocamba.com"

_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
#: Characters with no special meaning in a path. `ids` decides which ids are valid.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


#: Tells whether a token is valid, and changes nothing.
#: https://docs.ocamba.com/api/core/v2.0/create-personal-api-keys-validate
CHECK_PATH = "/v2/ocamba/personal-api-keys/validate"


@value(kw_only=False)
class Endpoint:
    """The base URL of an API: scheme, host and possibly a path."""

    base_url: str

    def url(self, action: Action, id_: str) -> str:
        """Build the URL for an action on a valid id.

        Raises:
            ValueError: The id would change the path.
        """
        return self.base_url + self.path(action, id_)

    def path(self, action: Action, id_: str) -> str:
        """Build the part of a URL that comes after the base URL.

        Raises:
            ValueError: The id would change the path.
        """
        if not _PLAIN_ID.fullmatch(id_):
            raise ValueError(f"{quote(id_)} is not safe in a URL path")
        campaign = f"/v1/hood/campaigns/{id_}"
        return campaign + ("" if action is Action.READ else operation_of(action).path)

    @property
    def host(self) -> str:
        """The host, and its port unless it is the scheme's default."""
        return urlsplit(self.base_url).netloc

    @property
    def is_secure(self) -> bool:
        """Whether requests are sent over TLS."""
        return self.base_url.startswith("https:")


def list_path(parameters: Iterable[tuple[str, str]]) -> str:
    """Build the path of a list of campaigns, with parameters for its query."""
    query = urlencode(list(parameters), safe=",:", quote_via=quote_plain)
    return f"/v1/hood/campaigns?{query}"


def parse_endpoint(base_url: str) -> Endpoint:
    """Check a base URL and normalize it.

    Raises:
        SettingsError: It is not https (http is allowed to loopback), has a user, a query
            or a fragment, or parsers could disagree on its host.
    """
    try:
        return Endpoint(_normalized(base_url))
    except InvalidUrlError as error:
        raise settings_error("base URL", base_url, str(error)) from None


def _normalized(base_url: str) -> str:
    parts = split(base_url)
    if "@" in parts.netloc:
        raise InvalidUrlError("it must not contain a user or a password")
    if not _PATH.fullmatch(parts.path):
        raise InvalidUrlError("its path is not made of plain names, such as /ocamba/v1")
    host = host_of(parts)
    if parts.scheme == "http" and not host.is_loopback:
        raise InvalidUrlError("it must begin with https://")
    return f"{parts.scheme}://{host.netloc}{parts.path.rstrip('/')}"
