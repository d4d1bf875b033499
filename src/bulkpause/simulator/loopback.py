"""The hosts on which the stand-in may listen."""

import ipaddress


LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def loopback_address(host: str) -> str:
    """Give the address to listen on.

    Raises:
        ValueError: the host is no loopback address, and not `localhost`.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address in LOOPBACK or host == "::1"):
        raise ValueError(f"the stand-in listens on loopback only, not on {host!r}")
    return host


def base_url(address: str, port: int) -> str:
    """Write an address and port as the beginning of a URL."""
    return (
        f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    )
