"""Campaigns as files that `run` accepts, with their accounts if there are several."""

import orjson

from bulkpause.listing.campaign import FIELDS, Campaign
from bulkpause.listing.export import as_csv, as_jsonl


ALONE = Campaign(id="7", name="Sale", labels=("a", "b"))
OF_ACME = Campaign(id="7", name="Sale", account="acme")


def test_list_of_one_account_has_no_account() -> None:
    assert list(as_csv([ALONE])) == [
        "id,name,status,labels,scheduled_time,create_time\n",
        '7,Sale,,"a,b",,\n',
    ]
    assert list(orjson.loads("".join(as_jsonl([ALONE])))) == list(FIELDS)


def test_account_comes_first() -> None:
    assert list(as_csv([OF_ACME], has_accounts=True)) == [
        "account,id,name,status,labels,scheduled_time,create_time\n",
        "acme,7,Sale,,,,\n",
    ]
    assert next(as_csv([], has_accounts=True)).startswith("account,id,")
    assert list(orjson.loads("".join(as_jsonl([OF_ACME])))) == ["account", *FIELDS]
