"""Files that the environment names for TLS are used, ignored or refused, and said so."""

import pytest

from bulkpause.cli.options import Options
from bulkpause.cli.tls_files import prepare_tls_files
from bulkpause.errors import SettingsError
from bulkpause.settings import Settings
from tests.unit.cli.conftest import Call


HERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("variable", "options", "message"),
    [
        ("SSL_CERT_FILE", (), "SSL_CERT_FILE names no/file, which cannot be read: No"),
        (
            "SSL_CERT_DIR",
            (),
            "SSL_CERT_DIR names no/file, which is not a folder; unset",
        ),
        (
            "SSLKEYLOGFILE",
            ("--trust-env",),
            "no/file, which cannot be written: No such",
        ),
    ],
)
def test_unusable_file_is_refused(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.setenv(variable, "no/file")
    to = ("--base-url", "https://127.0.0.1:9")
    ended = call("run", "1000248", "--yes", *to, *options)
    assert ended.code == 2
    assert message in ended.stderr
    assert ended.stderr.endswith("; nothing was sent\n")


@pytest.mark.parametrize(
    "options",
    [
        Options(inputs=(), settings=Settings(trust_env=True), is_simulated=True),
        Options(inputs=(), settings=Settings(base_url=HERE)),
    ],
    ids=["simulated", "loopback"],
)
def test_file_that_is_not_used_is_not_checked(
    monkeypatch: pytest.MonkeyPatch, options: Options
) -> None:
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.setenv(variable, "no/file")
    prepare_tls_files(options)


def test_several_folders_need_one_that_exists(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("certificates")
    monkeypatch.setenv("SSL_CERT_DIR", f"no/folder:{folder}")
    prepare_tls_files(Options(inputs=(), settings=Settings()))
    monkeypatch.setenv("SSL_CERT_DIR", "no/folder:nor/this")
    with pytest.raises(SettingsError, match="nor/this, which is not a folder"):
        prepare_tls_files(Options(inputs=(), settings=Settings()))
