"""Refuse inputs that hold a token: it would be shown, recorded and sent in an address.

A file with the token may be named in place of the list.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from operator import contains

from bulkpause.api.credentials import Token, find_token
from bulkpause.cli.account_options import Accounts
from bulkpause.cli.options import Options
from bulkpause.errors import TokenError
from bulkpause.inputs.table import Input, ReadError, Table
from bulkpause.model import InvalidRow, Item


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
        if any(map(contains, _texts_of(one.table), repeat(part))):
            rows = (
                row for row in one.table.rows if part in " ".join(_texts_of_row(row))
            )
            row = next((row.row for row in rows), None)
            error = ReadError(_DETAIL, _REMEDY, row=row)
            return replace(one, table=Table(error=error))
    return one


def _texts_of(table: Table) -> Iterator[str]:
    if (error := table.error) is not None:
        yield f"{error.detail} {error.remedy}"
    for row in table.rows:
        yield from _texts_of_row(row)


def _texts_of_row(row: Item | InvalidRow) -> Iterator[str]:
    if isinstance(row, Item):
        yield row.id
        yield row.name or ""
    else:
        yield row.value or ""
