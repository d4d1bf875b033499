"""The accounts of a run: the name, the token and the settings of each.

They come from a TOML file with a section for each account, or from a folder with one
token file for each. The tokens themselves never stand in the TOML file.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

from bulkpause._text import format_count, quote
from bulkpause._value import value
from bulkpause.api.credentials import Token, read_token
from bulkpause.errors import BulkpauseError, SettingsError, TokenError
from bulkpause.model import Limit
from bulkpause.settings import BURST, Settings, endpoint_of, parse_limit


#: The keys of a section. `token` is refused with a message of its own.
KEYS = ("token_file", "token_env", "base_url", "burst", "steady", "company_id")
#: A longer file is not one of accounts.
_MOST_BYTES = 4 << 20
#: Endings that the token files of a folder may have.
_TOKEN_SUFFIXES = (".token", ".txt")
#: The simulator's company of an account that names none; the next has the next number.
_FIRST_COMPANY = 1_000_000
_is_name = partial(re.fullmatch, r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Windows takes these for devices, whatever follows a dot.
_is_device = partial(re.fullmatch, r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_NAME_REMEDY = (
    "use up to 64 letters, digits, dots, dashes and underscores, the first a letter or "
    "a digit"
)


@value(frozen=True)
class Account:
    """One account of a run.

    Attributes:
        name: Its name, which is that of its log too.
        token: Its bearer token.
        settings: The settings of the run, with those of this account.
        company_id: The company that its campaigns must have; None for any.
        warning: What to know about its token file; None if nothing.
    """

    name: str
    token: Token
    settings: Settings
    company_id: str | None = None
    warning: str | None = None


class AccountsError(SettingsError):
    """The accounts cannot be used.

    Attributes:
        problems: Each problem, with its remedy.
    """

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.problems = problems


class AccountTokensError(TokenError):
    """Tokens of accounts are missing or cannot be used.

    Attributes:
        problems: Each problem, with its remedy.
    """

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.problems = problems


def read_accounts(
    path: str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> tuple[Account, ...]:
    """Read the accounts of a TOML file, or of a folder of token files, with their tokens.

    Args:
        path: The file or the folder.
        settings: The settings that all accounts share; None for the usual ones.
        environ: The environment variables, for `token_env`; None for those of the
            process.

    Returns:
        The accounts, in the order of the file, or by name.

    Raises:
        AccountsError: Something cannot be used: all `problems` are named.
        AccountTokensError: Tokens alone are missing or cannot be used.
    """
    place = Path(path)
    sections = _sections_of_folder(place) if place.is_dir() else _sections(place)
    reader = _Reader(
        place, settings or Settings(), os.environ if environ is None else environ
    )
    accounts = [
        account
        for name, section in sections.items()
        if (account := reader.account(name, section)) is not None
    ]
    reader.check(accounts)
    return tuple(accounts)


def companies_of(accounts: Iterable[Account]) -> dict[str, str]:
    """Give the company of each token, for a simulator: numbers where none is named."""
    accounts = tuple(accounts)
    named = {one.company_id for one in accounts}
    numbers = map(str, count(_FIRST_COMPANY))
    free = (number for number in numbers if number not in named)
    return {one.token.reveal(): one.company_id or next(free) for one in accounts}


def log_of(folder: Path, account: str) -> Path:
    """Name the log of an account in a folder of logs."""
    return folder / f"{account}.jsonl"


def make_log_folder(folder: Path) -> None:
    """Make the folder of the logs of several accounts, unless it is there.

    Raises:
        SettingsError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"the folder {folder} cannot be made: {error.strerror}; name another for "
            "the logs; nothing was sent"
        ) from error


def is_account_name(name: str) -> bool:
    """Tell whether a text may name an account, and so a file on any system."""
    is_safe = _is_name(name) is not None and not name.endswith(".")
    return is_safe and _is_device(name) is None


def _sections(path: Path) -> dict[str, object]:
    """Read a TOML file.

    Raises:
        AccountsError: It cannot be read, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise _unusable(path, "is too long", "name the file of the accounts")
        import tomllib  # noqa: PLC0415 (most runs have one account)

        return tomllib.loads(text.decode("utf-8-sig"))
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise _unusable(path, f"cannot be read: {reason}", "check its name") from error
    except (ValueError, RecursionError) as error:  # also of the encoding
        detail = f"is not valid TOML: {_place_in(error)}"
        remedy = 'write [NAME] and below it token_file = "…" for each account'
        raise _unusable(path, detail, remedy) from None


def _place_in(error: Exception) -> str:
    """Give the place of a fault. What stands there may be a token."""
    found = re.search(r"at (line \d+, column \d+|end of document)", str(error))
    return found[1] if found else "it is not UTF-8 text"


def _sections_of_folder(folder: Path) -> dict[str, object]:
    """Make a section of each token file in a folder.

    Hidden entries are left out: a mounted secret has some.

    Raises:
        AccountsError: It cannot be read.
    """
    try:
        names = sorted(
            path.name for path in folder.iterdir() if not path.name.startswith(".")
        )
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise _unusable(folder, f"cannot be read: {reason}", "check it") from error
    return {_without_suffix(name): {"token_file": name} for name in names}


def _without_suffix(name: str) -> str:
    for suffix in _TOKEN_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _unusable(path: Path, detail: str, remedy: str) -> AccountsError:
    problem = f"{path} {detail}; {remedy}"
    return AccountsError(f"--accounts: {problem}; nothing was sent", (problem,))


class _Reader:
    """Makes accounts of sections, and collects what is wrong with them.

    Args:
        path: The file or the folder.
        settings: The settings that all accounts share.
        environ: The environment variables.
    """

    def __init__(
        self, path: Path, settings: Settings, environ: Mapping[str, str]
    ) -> None:
        self._path = path
        self._settings = settings
        self._environ = environ
        self._problems: list[str] = []
        self._has_other_problems = False

    def account(self, name: str, section: object) -> Account | None:
        """Make an account; None if it has a problem."""
        before = len(self._problems)
        settings = self._checked(name, section)
        token, warning = self._token(name, section)
        if len(self._problems) > before or settings is None or token is None:
            return None
        company_id = section.get("company_id") if isinstance(section, dict) else None
        return Account(
            name=name,
            token=token,
            settings=settings,
            company_id=None if company_id is None else str(company_id),
            warning=warning,
        )

    def check(self, accounts: list[Account]) -> None:
        """Check the accounts together.

        Raises:
            AccountsError: There are problems, these or earlier ones.
            AccountTokensError: All of them are about tokens.
        """
        self._check_tokens_differ(accounts)
        self._check_names_differ(accounts)
        if not accounts and not self._problems:
            self._add(None, "holds no account", "add a section [NAME] or a token file")
        if not self._problems:
            return
        found = format_count(len(self._problems), "problem")
        first = self._problems[0]
        kind = AccountsError if self._has_other_problems else AccountTokensError
        more = "" if len(self._problems) == 1 else f" ({found}; the first is named)"
        raise kind(f"{first}{more}; nothing was sent", tuple(self._problems))

    def _check_tokens_differ(self, accounts: list[Account]) -> None:
        names: dict[str, str] = {}
        for account in accounts:
            other = names.setdefault(account.token.reveal(), account.name)
            if other != account.name:
                detail = f"has the same token as {other}"
                self._add(account.name, detail, "give each account its own token")

    def _check_names_differ(self, accounts: list[Account]) -> None:
        """Refuse names that are one file where case does not matter."""
        names: dict[str, str] = {}
        for account in accounts:
            other = names.setdefault(account.name.casefold(), account.name)
            if other != account.name:
                detail = f"differs from {other} by case alone"
                self._add(account.name, detail, "rename one of them")

    def _checked(self, name: str, section: object) -> Settings | None:
        """Check a section but for its token, and make its settings."""
        if not is_account_name(name):
            self._add(name, "is not a valid name of an account", _NAME_REMEDY)
        if not isinstance(section, dict):
            detail = "is not a section"
            self._add(name, detail, 'write [NAME] and below it token_file = "…"')
            return None
        for key in section:
            self._check_key(name, key, section[key])
        problems = len(self._problems)
        own = _own_settings(self._settings, section, partial(self._add, name))
        return own if len(self._problems) == problems else None

    def _check_key(self, name: str, key: str, value: object) -> None:
        if key == "token":
            detail = "holds a token, which this file must not"
            remedy = "put it into a file of its own, and name that with token_file"
        elif key not in KEYS:
            detail = f"has the unknown key {quote(key)}"
            remedy = f"use {', '.join(KEYS)}"
        elif key == "company_id" and isinstance(value, int) and value is not True:
            return
        elif not isinstance(value, str) or not value.strip():
            detail, remedy = f"has no text for {key}", f'write {key} = "…"'
        else:
            return
        self._add(name, detail, remedy)

    def _token(self, name: str, section: object) -> tuple[Token | None, str | None]:
        if not isinstance(section, dict):
            return None, None
        file, variable = section.get("token_file"), section.get("token_env")
        if (file is None) == (variable is None):
            detail = "has both token_file and token_env" if file else "has no token"
            remedy = 'write one of token_file = "…" and token_env = "…"'
            self._add(name, detail, remedy, is_token=file is None)
            return None, None
        try:
            if isinstance(variable, str):
                return self._token_of_variable(variable), None
            if isinstance(file, str):
                return read_token(self._folder / file, "the file of its token_file")
        except TokenError as error:
            # Not the name, which may be the token, if the user confused the two; and
            # not the whole remedy: it is that of a run with one token.
            detail = str(error).partition(";")[0]
            remedy = "correct its token_file or token_env"
            self._add(name, f"has no usable token: {detail}", remedy, is_token=True)
        return None, None

    @property
    def _folder(self) -> Path:
        return self._path if self._path.is_dir() else self._path.parent

    def _token_of_variable(self, variable: str) -> Token:
        text = self._environ.get(variable)
        if text is None:
            raise TokenError("the variable of its token_env is not set")
        return Token(text)

    def _add(
        self, name: str | None, detail: str, remedy: str, *, is_token: bool = False
    ) -> None:
        self._has_other_problems = self._has_other_problems or not is_token
        section = "" if name is None else f": [{quote(name)[1:-1]}]"
        self._problems.append(f"{self._path}{section} {detail}; {remedy}")


def _own_settings(
    shared: Settings, section: Mapping[str, object], add: Callable[[str, str], None]
) -> Settings:
    """Give the settings of an account. A simulator stands for every address.

    Args:
        shared: The settings that all accounts share.
        section: The section of the account.
        add: Notes a problem and its remedy. It names no value, which may be a token.
    """
    if isinstance(base_url := section.get("base_url"), str) and shared.name is None:
        try:
            shared = replace(shared, base_url=base_url)
            endpoint_of(shared)
        except SettingsError:
            remedy = 'write base_url = "https://HOST"; http is for this machine alone'
            add("has no valid base_url", remedy)
            return shared
    limits = _limits_by_name(shared.limits)
    for key in ("burst", "steady"):
        if isinstance(text := section.get(key), str):
            try:
                limits[key] = parse_limit(text)
            except SettingsError:
                add(f"has no valid {key}", f'write {key} = "10/1s", or "none"')
    own = tuple(limit for limit in limits.values() if limit is not None)
    return replace(shared, limits=own) if {"burst", "steady"} & {*section} else shared


def _limits_by_name(limits: tuple[Limit, ...]) -> dict[str, Limit | None]:
    """Tell which limit is for the long window and which for the short one."""
    by_length = sorted(limits, key=lambda limit: limit.period_s)
    if len(by_length) == 1 and by_length[0].period_s > BURST.period_s:
        return {"steady": by_length[0], "burst": None}
    short = by_length[0] if by_length else None
    return {"steady": by_length[-1] if len(by_length) > 1 else None, "burst": short}


def problems_of(error: BulkpauseError) -> tuple[str, ...]:
    """Give the problems of accounts that an error names; none if it is another error."""
    if isinstance(error, AccountsError | AccountTokensError):
        return error.problems
    return ()
