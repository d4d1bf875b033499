"""A certificate authority, and certificates for servers on loopback."""

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


LOOPBACK = "DNS:localhost,IP:127.0.0.1"
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the openssl command, which makes certificates, is missing",
)


class Pair(NamedTuple):
    certificate: Path
    key: Path


class Authority:
    """Creates and signs certificates in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pair = self._paths("authority")
        openssl(
            *("req", "-x509", "-days", "2", "-subj", "/CN=authority"),
            # Python 3.13 and later require it, as RFC 5280 does.
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *_new_key(self.pair.key),
            *("-out", self.pair.certificate),
        )

    def signed(self, name: str, alternatives: str, *, days: int = 2) -> Pair:
        """Create a certificate for alternative names; days < 0 makes it expired."""
        pair = self._paths(name)
        request = self._folder / f"{name}.csr"
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={alternatives}\nauthorityKeyIdentifier=keyid\n"
        )
        openssl(*("req", "-subj", f"/CN={name}", "-out", request), *_new_key(pair.key))
        openssl(
            *("x509", "-req", "-in", request, "-days", str(days)),
            *("-CA", self.pair.certificate, "-CAkey", self.pair.key),
            *("-set_serial", "7", "-extfile", extensions, "-out", pair.certificate),
        )
        return pair

    def _paths(self, name: str) -> Pair:
        return Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")


def _new_key(path: Path) -> tuple[str | Path, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return (*curve, "-nodes", "-keyout", path)


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607 (found on the path, as in a shell)


def context_of(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
