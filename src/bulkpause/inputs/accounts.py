"""Check that the account of each row is one that the run has a token for."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from bulkpause.inputs.layout import Layout
from bulkpause.inputs.table import Table
from bulkpause.model import InvalidRow, Item
from bulkpause.rows import Rows


#: The remedy of a row without an account.
NAME_ACCOUNT = (
    "fill in the column account, or name another column with --account-column"
)


def check_accounts(table: Table, layout: Layout) -> None:
    """Make invalid rows of items without a known account, if a run has several."""
    accounts = layout.accounts
    if accounts is not None:
        table.judge(lambda rows: Rows(with_known_accounts(rows, accounts)))


def with_known_accounts(
    rows: Iterable[Item | InvalidRow], accounts: AbstractSet[str]
) -> Iterator[Item | InvalidRow]:
    """Make invalid rows of the items whose account is blank or not known.

    Invalid rows keep their account only if it is known.

    Args:
        rows: The rows of an input.
        accounts: The names of all accounts.
    """
    for row in rows:
        if row.account in accounts:
            yield row
        elif isinstance(row, InvalidRow):
            yield _without_account(row)
        else:
            yield _unowned(row)


def _without_account(row: InvalidRow) -> InvalidRow:
    if row.account is None:
        return row
    return InvalidRow(
        row=row.row,
        detail=row.detail,
        remedy=row.remedy,
        value=row.value,
        source=row.source,
    )


def _unowned(item: Item) -> InvalidRow:
    if item.account is None:
        return InvalidRow(
            row=item.row, detail="has no account", remedy=NAME_ACCOUNT, value=item.id
        )
    return InvalidRow(
        row=item.row,
        detail="is not an account of --accounts",
        remedy="correct the name, or add the account with its token",
        value=item.account,
    )
