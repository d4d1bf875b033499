"""Refuse inputs that hold a token: it would be shown, recorded and sent in an address.

A file with the token may be named in place of the list.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import methodcaller

from bulkpause.api.credentials import Token, find_token
from bulkpause.cli.account_options import Accounts
from bulkpause.cli.options import Options
from bulkpause.errors import TokenError
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow
from bulkpause.rows import Row


#: Messages cut values. So much of a token tells it from other texts.
_SHOWN_CHARS = 20
_DETAIL = "holds the token, which would be shown, recorded and sent"
_REMEDY = "name the list of campaigns in its place"


def tokens_of(options: Options, accounts: Accounts) -> tuple[Token, ...]:
    """Give the tokens that a command may use, as far as they can be found."""
    if accounts.names is not None:
        return tuple(account.token for account in accounts.chosen)
    try:
        return (find_token(options.token_file, os.environ)[0],)
    except TokenError:
        return ()


def without_tokens(inputs: Iterable[Input], tokens: Sequence[Token]) -> list[Input]:
    """Replace the rows of an input with a token in it by an error."""
    parts = [secret[:_SHOWN_CHARS] for token in tokens for secret in token.secrets]
    return [_without_any(one, parts) for one in inputs]


def _without_any(one: Input, parts: Sequence[str]) -> Input:
    for part in parts:
        found = one.table.rows.find(partial(_holds, part), methodcaller("holds", part))
        error = one.table.error
        is_in_error = error is not None and part in f"{error.detail} {error.remedy}"
        if found is not None or is_in_error:
            row = None if found is None else found.row
            error = ReadError(_DETAIL, _REMEDY, row=row)
            return replace(one, table=Table(error=error))
    return one


def _holds(part: str, row: Row) -> bool:
    if isinstance(row, InvalidRow):
        return part in (row.value or "")
    return part in row.id or part in (row.name or "")
