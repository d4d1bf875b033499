"""Check the files that the environment names for TLS, before anything opens them.

Importing aiohttp makes a TLS context, for which Python opens the file of
`SSLKEYLOGFILE`. OpenSSL reads `SSL_CERT_FILE` and `SSL_CERT_DIR` without a word about
an error, and then trusts no server.
"""

import os
from pathlib import Path

from bulkpause.cli.options import Options
from bulkpause.errors import SettingsError
from bulkpause.settings import endpoint_of


_KEY_LOG = "SSLKEYLOGFILE"


def ignore_key_log() -> None:
    """Leave `SSLKEYLOGFILE` out of this process: its keys would reveal the token."""
    os.environ.pop(_KEY_LOG, None)


def prepare_tls_files(options: Options) -> None:
    """Ignore `SSLKEYLOGFILE` unless it is asked for, and check the files of a run.

    Raises:
        SettingsError: A file that the run would use cannot be used.
    """
    if options.settings.trust_env and not options.is_simulated:
        _check_key_log()
    else:
        ignore_key_log()
    if not options.is_simulated and endpoint_of(options.settings).is_secure:
        _check_certificates()


def _check_key_log() -> None:
    _check_opens(_KEY_LOG, "ab", "cannot be written", "leave out --trust-env")


def _check_certificates() -> None:
    _check_opens(
        "SSL_CERT_FILE", "rb", "cannot be read", "name a file of trusted certificates"
    )
    folders = os.environ.get("SSL_CERT_DIR")
    if folders and not any(map(os.path.isdir, folders.split(os.pathsep))):
        raise SettingsError(
            f"SSL_CERT_DIR names {folders}, which is not a folder; unset it, or name a "
            "folder of trusted certificates; nothing was sent"
        )


def _check_opens(variable: str, mode: str, fault: str, remedy: str) -> None:
    """Check that the file that a variable names, if it is set, can be opened."""
    path = os.environ.get(variable)
    if not path:
        return
    try:
        Path(path).open(mode).close()
    except OSError as error:
        raise SettingsError(
            f"{variable} names {path}, which {fault}: {error.strerror}; unset it, or "
            f"{remedy}; nothing was sent"
        ) from error
