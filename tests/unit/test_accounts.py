"""Accounts come from a file or a folder; every problem is named, no token shown."""

from pathlib import Path

import pytest

from bulkpause import Settings, read_accounts
from bulkpause.accounts import (
    AccountsError,
    AccountTokensError,
    companies_of,
    is_account_name,
)
from bulkpause.model import Limit


def write(folder: Path, text: str, **tokens: str) -> Path:
    for name, token in tokens.items():
        (folder / name).write_text(token)
        (folder / name).chmod(0o600)
    path = folder / "accounts.toml"
    path.write_text(text)
    return path


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(AccountsError) as raised:
        read_accounts(path, environ={})
    return raised.value.problems


def test_sections_are_accounts_in_their_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[zoo]\ntoken_file = "z"\ncompany_id = 17\n[acme]\ntoken_env = "ACME"\n',
        z="token-of-zoo\n",
    )
    zoo, acme = read_accounts(path, environ={"ACME": "token-of-acme"})
    assert (zoo.name, zoo.token.reveal(), zoo.company_id) == (
        "zoo",
        "token-of-zoo",
        "17",
    )
    assert (acme.name, acme.token.reveal(), acme.company_id) == (
        "acme",
        "token-of-acme",
        None,
    )


def test_simulated_company_is_named_one_or_number(tmp_path: Path) -> None:
    sections = {"a": "", "b": "company_id = 1000000", "c": "", "d": 'company_id = "7"'}
    text = "".join(
        f'[{name}]\ntoken_file = "{name}"\n{company}\n'
        for name, company in sections.items()
    )
    path = write(tmp_path, text, **{name: f"token-of-{name}" for name in sections})
    assert companies_of(read_accounts(path)) == {
        "token-of-a": "1000001",
        "token-of-b": "1000000",
        "token-of-c": "1000002",
        "token-of-d": "7",
    }


def test_section_has_settings_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[acme]\ntoken_file = "a"\nbase_url = "https://eu.example"\nburst = "5/1s"\n'
        '[zoo]\ntoken_file = "z"\n',
        a="token-of-acme",
        z="token-of-zoo",
    )
    acme, zoo = read_accounts(path, Settings(reason="Monday"))
    assert acme.settings.base_url == "https://eu.example"
    assert set(acme.settings.limits) == {Limit(5, 1.0), Limit(150, 60.0)}
    assert acme.settings.reason == "Monday"
    assert zoo.settings == Settings(reason="Monday")


def test_folder_has_a_token_file_for_each(tmp_path: Path) -> None:
    for name in ("globex.token", "acme", ".hidden"):
        (tmp_path / name).write_text(f"token-of-{name}")
    found = read_accounts(tmp_path)
    assert [one.name for one in found] == ["acme", "globex"]
    assert all(one.warning for one in found)  # others can read these files


def test_every_problem_names_section_and_remedy(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[a]\ntoken = "s3cret-token"\ntoken_file = "t"\n[b]\nburst = "fast"\n'
        'token_file = "u"\n[c]\ntoken_file = "t"\ncompany = "7"\n[".."]\n'
        'token_file = "v"\n[d]\ntoken_file = "missing"\n',
        t="token-1234",
        u="token-2345",
        v="token-3456",
    )
    found = problems(path)
    for section, detail in (
        ("[a]", "holds a token"),
        ("[b]", "has no valid burst; write burst ="),
        ("[c]", "unknown key 'company'"),
        ("[..]", "is not a valid name"),
        ("[d]", "cannot read the file of its token_file"),
    ):
        (line,) = [line for line in found if f"{section} " in line]
        assert detail in line
        assert str(path) in line
        assert "; " in line
    assert not any("s3cret" in line for line in found)


@pytest.mark.parametrize("key", ["token_env", "token_file", "burst", "base_url"])
def test_token_in_wrong_place_is_not_shown(tmp_path: Path, key: str) -> None:
    own = "" if key.startswith("token") else 'token_file = "t"\n'
    path = write(tmp_path, f'[a]\n{own}{key} = "s3cretToken1234"\n', t="token-1234")
    kind = AccountTokensError if key.startswith("token") else AccountsError
    with pytest.raises(kind) as raised:
        read_accounts(path, environ={})
    assert key in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_same_token_twice_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[a]\ntoken_file = "t"\n[b]\ntoken_file = "u"\n',
        t="token-1234",
        u="token-1234\n",
    )
    (problem,) = problems(path)
    assert "[b] has the same token as a" in problem
    assert "1234" not in problem


def test_names_that_differ_by_case_are_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[Acme]\ntoken_file = "t"\n[acme]\ntoken_file = "u"\n',
        t="token-1",
        u="token-2",
    )
    (problem,) = problems(path)
    assert "differs from Acme by case alone" in problem


def test_missing_tokens_alone_are_token_errors(tmp_path: Path) -> None:
    path = write(tmp_path, '[a]\ntoken_env = "GONE"\n[b]\ntoken_file = "gone"\n')
    with pytest.raises(AccountTokensError) as raised:
        read_accounts(path, environ={})
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize(
    "text", ["a = [", 'token = "s3cret', "\udcff", "acme = 1", "", "[[a]]\nb = 1"]
)
def test_file_without_accounts_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accounts.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert not any("s3cret" in line for line in problems(path))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "gone.toml")
    assert "cannot be read" in problem


@pytest.mark.parametrize("name", ["acme", "Acme-2", "a.b_c", "1"])
def test_name_is_safe_as_file_name(name: str) -> None:
    assert is_account_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a b", "-a", "CON", "nul.txt", "a.", "é", "a" * 65]
)
def test_unsafe_name_is_refused(name: str) -> None:
    assert not is_account_name(name)
