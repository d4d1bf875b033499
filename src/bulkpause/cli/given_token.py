"""Find the token that a command was given."""

import os

from bulkpause.api.credentials import TOKEN_VARIABLE, Token, find_token
from bulkpause.cli.notices import Notices
from bulkpause.cli.options import Options
from bulkpause.errors import SettingsError


def token_of(options: Options, notices: Notices) -> Token:
    """Find the token of a run with one. The simulator needs none.

    Raises:
        TokenError: There is no token, or it is not valid.
    """
    if options.is_simulated:
        return Token("simulated")
    token, warning = find_token(options.token_file, os.environ)
    _refuse_typed(token, options)
    if warning:
        notices.warn(warning)
    return token


def _refuse_typed(token: Token, options: Options) -> None:
    words = (*options.inputs, *options.only, options.settings.reason or "")
    if any(token.reveal() in word for word in words):
        raise SettingsError(
            "an INPUT or --reason contains the token, which would be sent and recorded "
            f"there; leave it out, and set {TOKEN_VARIABLE} alone; nothing was sent"
        )
