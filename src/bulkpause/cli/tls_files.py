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
    path = os.environ.get(_KEY_LOG)
    if not path:
        return
    try:
        with Path(path).open("ab"):
            pass
    except OSError as error:
        raise SettingsError(
            f"{_KEY_LOG} names {path}, which cannot be written: {error.strerror}; unset "
            "it, or leave out --trust-env; nothing was sent"
        ) from error


def _check_certificates() -> None:
    if file := os.environ.get("SSL_CERT_FILE"):
        try:
            with Path(file).open("rb"):
                pass
        except OSError as error:
            raise SettingsError(
                f"SSL_CERT_FILE names {file}, which cannot be read: {error.strerror}; "
                "unset it, or name a file of trusted certificates; nothing was sent"
            ) from error
    folders = os.environ.get("SSL_CERT_DIR")
    if folders and not any(map(os.path.isdir, folders.split(os.pathsep))):
        raise SettingsError(
            f"SSL_CERT_DIR names {folders}, which is not a folder; unset it, or name a "
            "folder of trusted certificates; nothing was sent"
        )
