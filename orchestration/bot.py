"""`make bot`: the Telegram bot that answers /precio, /estado and /reporte until Ctrl-C."""

from __future__ import annotations

import logging
import sys

from canasta.deliver.answers import COMMANDS, Desk
from canasta.deliver.telegram import Discreet, answer_chats
from canasta.errors import SettingsError
from canasta.settings import Settings
from canasta.store import store_for


def answer_people(settings: Settings) -> None:
    """Answer the chats of TELEGRAM_ALLOWED_CHATS from the lake, until interrupted.

    Raises:
        SettingsError: a setting is missing, or Telegram refuses the token.
        DeliveryPutOff: Telegram cannot be reached.
    """
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        raise SettingsError("TELEGRAM_BOT_TOKEN is empty: ask @BotFather for a bot, and its token.")
    if not settings.telegram_allowed_chats:
        print(
            "TELEGRAM_ALLOWED_CHATS is empty: nobody gets an answer. Write to the bot, and take "
            "the chat's number from the line that appears here.",
            file=sys.stderr,
        )
    shown = logging.StreamHandler()
    shown.setFormatter(Discreet(token))
    logging.basicConfig(handlers=[shown], level=logging.WARNING)
    traits = settings.load_traits()
    desk = Desk(store_for(settings.lake), traits, settings.today)
    print(f"Answering from {settings.lake}; Ctrl-C ends.", flush=True)
    answer_chats(
        token, settings.telegram_api_url, settings.telegram_allowed_chats, COMMANDS, desk.answer
    )
    print("The bot has ended.")
