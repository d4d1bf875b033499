"""A printed command is read by the shell as it was meant."""

import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkpause._shell import install_command, join_command, quote_for_windows


#: What ends a word for cmd or PowerShell, or means something to them outside quotes.
SPECIAL = set(" \t,;&|<>^()'`@#{}[]*?!~")


@pytest.mark.parametrize(
    "word",
    [
        "log.jsonl",
        "C:\\logs\\day.jsonl",
        "--resume",
        "--resume-within",
        "50h",
        "https://api.example/v1",
        "_x+y=z",
    ],
)
def test_plain_word_stays_on_windows(word: str) -> None:
    assert quote_for_windows(word) == word


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("", '""'),
        ("my list.csv", '"my list.csv"'),
        ("a&b.csv", '"a&b.csv"'),
        ("failed,unknown", '"failed,unknown"'),
        ("--column=campaign.id", '"--column=campaign.id"'),
        ("2%", '"2%"'),
        ("C:\\my logs\\", '"C:\\my logs\\\\"'),
        ('the "best"', '"the \\"best\\""'),
        ("Zürich.csv", '"Zürich.csv"'),
    ],
)
def test_other_word_is_quoted_on_windows(word: str, quoted: str) -> None:
    assert quote_for_windows(word) == quoted


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_quoted_word_has_nothing_special_outside_quotes(word: str) -> None:
    quoted = quote_for_windows(word)
    assert quoted.startswith('"') or not SPECIAL & set(quoted)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_quotes_are_those_of_python_on_windows(word: str) -> None:
    # Python quotes only words with blanks.
    assert quote_for_windows(f"{word} {word}") == subprocess.list2cmdline(
        [f"{word} {word}"]
    )


WORDS = ["bulkpause", "run", "it's a list.csv", "--status", "failed,unknown"]


def test_command_is_quoted_for_posix_shell() -> None:
    assert shlex.split(join_command(WORDS)) == WORDS


def test_command_is_quoted_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert join_command(WORDS) == (
        'bulkpause run "it\'s a list.csv" --status "failed,unknown"'
    )


def test_extra_is_installed_for_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my env/bin/python")
    monkeypatch.setattr(sys, "platform", "linux")
    assert install_command("xlsx") == (
        "'/opt/my env/bin/python' -m pip install 'bulkpause[xlsx]'"
    )
