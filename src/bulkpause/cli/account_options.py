"""Find the accounts of a command, and give each its own options."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import click

from bulkpause._text import format_count
from bulkpause._value import value
from bulkpause.accounts import Account, log_of, problems_of, read_accounts
from bulkpause.cli.log_arguments import logs_in, logs_of, why_no_log
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options
from bulkpause.cli.output import say
from bulkpause.errors import InputError, SettingsError, TokenError
from bulkpause.journal.account_names import read_names
from bulkpause.journal.reader import LoadedLog, exists, read_recovery
from bulkpause.plan import Plan
from bulkpause.ratelimit.budget.place import name_in
from bulkpause.vocabulary import Action


#: At most this many problems of accounts are said; the others are counted.
_PROBLEMS_SHOWN = 20


@value
class Part:
    """What a run sends in one account.

    Attributes:
        account: The account; None if a run has one only.
        options: The options of the run, with the log and the settings of the account.
        plan: The ids to send, and counts of the rows that are not sent.
        loaded: What earlier runs left in the log.
        undone: The logs whose pauses the run takes back.
    """

    account: Account | None = None
    options: Options
    plan: Plan
    loaded: LoadedLog
    undone: tuple[Path, ...] = ()

    @property
    def name(self) -> str | None:
        """The name of the account."""
        return name_of(self.account)


def name_of(account: Account | None) -> str | None:
    """Give the name of an account; None for the only one of a run."""
    return None if account is None else account.name


@value
class Accounts:
    """The accounts of a command.

    Attributes:
        names: The names of all in its file; None without `--accounts`.
        chosen: Those of its shard.
    """

    names: frozenset[str] | None = None
    chosen: tuple[Account, ...] = ()


def accounts_of(options: Options, notices: Notices) -> Accounts:
    """Read the accounts of a command.

    Raises:
        UsageError: Options contradict each other.
        SettingsError: The accounts cannot be used. All problems were said.
        TokenError: Only their tokens cannot be used.
    """
    _check_options(options)
    if options.accounts is None:
        return Accounts()
    try:
        found = read_accounts(options.accounts, options.named_settings)
    except (SettingsError, TokenError) as error:
        _say_all(problems_of(error))
        raise
    _refuse_typed_tokens(found, options)
    _warn_of_open_files(found, notices)
    shard = options.shard
    return Accounts(
        names=frozenset(one.name for one in found),
        chosen=tuple(one for one in found if shard is None or shard.takes(one.name)),
    )


def _check_options(options: Options) -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: They do.
    """
    if options.accounts is None:
        if options.layout.account_column is not None:
            raise click.UsageError("--account-column needs --accounts")
        if options.shard is not None and not options.inputs:
            raise click.UsageError(
                "--shard of a retry or an undo needs --accounts: a log of one account "
                "holds only the ids of its shard; leave it out"
            )
    elif options.token_file is not None:
        raise click.UsageError(
            "--token-file is for one account; leave it out, and name the tokens in "
            "--accounts"
        )
    elif name_in(options.settings.share) is not None:
        raise click.UsageError(
            "?name= in --share is the budget of one account; leave it out: each account "
            "of --accounts has one of its own, named by its token"
        )


def _warn_of_open_files(accounts: Sequence[Account], notices: Notices) -> None:
    """Warn of token files that other users can read, in one line."""
    warned = [account for account in accounts if account.warning is not None]
    if len(warned) == 1:
        notices.warn(warned[0].warning or "")
    elif warned:
        names = ", ".join(account.name for account in warned[:3])
        more = f" and {len(warned) - 3:,} more" if len(warned) > 3 else ""
        notices.warn(
            f"other users can read the token files of {names}{more}; protect them with "
            "chmod 600"
        )


def _say_all(problems: Sequence[str]) -> None:
    """Say all problems but the first, which the error itself says."""
    for problem in problems[1:_PROBLEMS_SHOWN]:
        say(problem)
    if (more := len(problems) - _PROBLEMS_SHOWN) > 0:
        say(f"and {format_count(more, 'more problem')}")


def _refuse_typed_tokens(accounts: Sequence[Account], options: Options) -> None:
    words = (*options.inputs, *options.only, options.settings.reason or "")
    for account in accounts:
        if any(account.token.reveal() in word for word in words):
            raise SettingsError(
                f"an INPUT or --reason contains the token of {account.name}, which "
                "would be sent and recorded there; leave it out; nothing was sent"
            )


def with_accounts(options: Options, accounts: Accounts) -> Options:
    """Let the inputs of a command name their accounts, be they in its shard or not."""
    if accounts.names is None:
        return options
    return replace(options, layout=replace(options.layout, accounts=accounts.names))


def plans_of_accounts(
    accounts: Accounts, plans: Mapping[str | None, Plan]
) -> list[tuple[Account | None, Plan]]:
    """Pair each plan with its account. One of rows without any goes to the first."""
    if accounts.names is None:
        return [(None, plan) for plan in plans.values()]
    by_name: dict[str | None, Account] = {one.name: one for one in accounts.chosen}
    first = next(iter(accounts.chosen), None)
    found = [(by_name.get(name, first), plan) for name, plan in plans.items()]
    return [(account, plan) for account, plan in found if account and plan.rows]


def options_of_account(options: Options, account: Account | None) -> Options:
    """Give the options of one account's part of a run: its settings, and its log."""
    if account is None:
        return options
    log = None if options.log is None else log_of(options.log, account.name)
    settings = replace(account.settings, name=None)
    return replace(options, settings=settings, log=log, account=account.name)


def accounts_with_logs(
    accounts: Accounts, options: Options, notices: Notices
) -> Iterator[Account | None]:
    """Give the accounts that have a log in the folder to retry; one None without any.

    Raises:
        InputError: The folder has no log of them.
        SettingsError: It has a log of an account that is not in the file.
    """
    if accounts.names is None:
        yield None
        return
    folder = options.log or Path()
    logs = _without_undos(logs_in(folder), accounts.names, notices)
    _refuse_strange(logs, accounts.names, options.accounts)
    found = [one for one in accounts.chosen if exists(log_of(folder, one.name))]
    if not found and not logs:
        raise InputError(
            why_no_log(folder)
            if read_names(folder).names
            else f"{folder} holds no log of an account of {options.accounts}; check its "
            "name"
        )
    yield from found


def _without_undos(
    logs: Iterable[Path], names: AbstractSet[str], notices: Notices
) -> list[Path]:
    """Leave out the logs of undos of an account beside that of its pauses."""
    found: list[Path] = []
    for log in logs:
        if log.stem in names or read_recovery(log).action is not Action.RESUME:
            found.append(log)
        else:
            notices.note(f"{log} is the log of an undo: left out")
    return found


def logs_of_accounts(
    accounts: Accounts, arguments: Sequence[Path], place: Path | None
) -> dict[Account | None, tuple[Path, ...]]:
    """Give the logs that arguments name to their accounts, by the names of the logs.

    Args:
        accounts: The accounts of the command.
        arguments: Logs, and folders of logs.
        place: The file or folder of the accounts.

    Raises:
        SettingsError: A folder holds no log, or a log is of an account that is not
            in the file.
    """
    logs = logs_of(arguments)
    if accounts.names is None:
        return {None: tuple(logs)}
    _refuse_strange(logs, accounts.names, place)
    found = {
        account: tuple(log for log in logs if log.stem == account.name)
        for account in accounts.chosen
    }
    return {account: of_account for account, of_account in found.items() if of_account}


def _refuse_strange(
    logs: Iterable[Path], names: AbstractSet[str], place: Path | None
) -> None:
    """Refuse logs that are of no account.

    Raises:
        SettingsError: There is one.
    """
    for log in logs:
        if log.stem not in names:
            raise SettingsError(
                f"{log} is the log of an account that {place} does not have; add it "
                "there, or move the log away"
            )


def endpoints_of(options: Sequence[Options]) -> str:
    """Name the endpoints of several accounts, each once, for monitoring."""
    return ", ".join(sorted({one.named_settings.endpoint_name for one in options}))


def hosts_of(options: Sequence[Options]) -> str:
    """Name the hosts of several accounts, each once."""
    hosts = sorted({one.host for one in options})
    if len(hosts) < 2:
        return "".join(hosts)
    return f"{len(hosts)} hosts: {', '.join(hosts[:3])}"
