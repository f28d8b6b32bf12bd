"""Telegram: the one module that knows python-telegram-bot.

Its errors and the logs of the libraries beneath hold the token, since it is part of each URL. So
their logs are silenced below warnings, and no error of theirs leaves this module as it is.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from telegram import Bot, InputFile, LinkPreviewOptions, Update
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import Application, CommandHandler, ContextTypes
from telegram.request import HTTPXRequest

from canasta.deliver.messages.message import Document, Kind, Message, Part, parts_of
from canasta.errors import (
    ChatClosed,
    ContentRefused,
    DeliveryError,
    DeliveryPutOff,
    SettingsError,
)

log = logging.getLogger(__name__)

CONNECT_S, ANSWER_S, UPLOAD_S = 5.0, 15.0, 30.0
"""Time-outs: of a connection, of each answer, of each write of a file."""
WHOLE_S = 60.0
"""Time-out of one part in all: a server that trickles meets none of the others."""
CHATTY = ("httpx", "httpcore", "telegram")
"""Loggers that write URLs below their warnings."""
STRANGERS = 100
"""Chats that are not allowed, of which the log tells, each once."""

type Answer = Callable[[str, str], Message]
"""From a command, without its stroke, and what follows it, to what is answered."""


class TelegramSender:
    """Sends parts of messages to one chat; a context, which keeps the connection.

    Args:
        token: of the bot.
        chat: its number, or @name of a channel.
        api_url: of the Bot API.
        answer_s: seconds that an answer may take.
    """

    def __init__(self, token: str, chat: str, api_url: str, answer_s: float = ANSWER_S) -> None:
        self._token = token
        self._chat = chat
        self._request = _request(answer_s)
        with _discreet():
            self._bot = Bot(
                token,
                base_url=f"{api_url}/bot",
                base_file_url=f"{api_url}/file/bot",
                request=self._request,
                get_updates_request=self._request,
            )
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_info: object) -> None:
        with self._runner, _discreet():
            self._runner.run(self._request.shutdown())

    def send(self, part: Part) -> None:
        """Send one part; see `outbox.Sender`."""
        with _discreet():
            self._runner.run(self._sent(part))

    async def _sent(self, part: Part) -> None:
        try:
            async with asyncio.timeout(WHOLE_S):
                await _send(self._bot, self._chat, part)
        except TimeoutError:
            raise DeliveryPutOff(f"Telegram took more than {WHOLE_S:g} s.") from None
        except TelegramError as error:
            raise _translated(error, self._token) from None


class Discreet(logging.Formatter):
    """Formats log records without the token: python-telegram-bot writes it where it is refused.

    Args:
        token: of the bot.
    """

    def __init__(self, token: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback, and the token left out."""
        return _without(self._token, super().format(record))


def answer_chats(
    token: str, api_url: str, allowed: Collection[int], commands: Sequence[str], answer: Answer
) -> None:
    """Answer the commands of `allowed` chats until interrupted (Ctrl-C or SIGTERM).

    What was asked while nobody was there gets no answer: the person has gone, or asked again.
    Other chats get none either: nothing tells them that anybody is there. The log names each of
    them once, so that its number can be taken into the setting.

    Args:
        token: of the bot.
        api_url: of the Bot API.
        allowed: numbers of chats.
        commands: without their stroke.
        answer: makes the answers; called in a thread.

    Raises:
        SettingsError: Telegram refuses the token.
        DeliveryPutOff: Telegram does not answer at the start; later, it is asked again.
    """
    desk = _Desk(frozenset(allowed), answer, token)
    with _discreet():
        building = Application.builder().token(token).base_url(f"{api_url}/bot")
        application = building.base_file_url(f"{api_url}/file/bot").build()
        for command in commands:
            application.add_handler(CommandHandler(command, desk.take))
        application.add_error_handler(desk.regret)
        try:
            application.run_polling(allowed_updates=[Update.MESSAGE], drop_pending_updates=True)
        except InvalidToken:
            raise SettingsError("Telegram refuses TELEGRAM_BOT_TOKEN; ask @BotFather.") from None
        except TelegramError as error:
            raise _translated(error, token) from None


class _Desk:
    """Where questions arrive."""

    def __init__(self, allowed: Collection[int], answer: Answer, token: str) -> None:
        self._allowed = allowed
        self._answer = answer
        self._token = token
        self._strangers: set[int] = set()

    async def take(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer one command, or leave it."""
        chat, message = update.effective_chat, update.effective_message
        if chat is None or message is None or not message.text:
            return
        if chat.id not in self._allowed:
            self._meet(chat.id)
            return
        command = message.text.split(maxsplit=1)[0].removeprefix("/").partition("@")[0]
        asked = " ".join(context.args or ())
        made = await asyncio.to_thread(self._answer, command.lower(), asked)
        for part in parts_of(made):
            await _reply(context.bot, chat.id, part)

    async def regret(self, _update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Write down what went wrong with an update, or with asking for more."""
        error = context.error
        if isinstance(error, TelegramError):
            log.warning("%s", _translated(error, self._token))
        else:
            log.error("a question could not be answered", exc_info=error)

    def _meet(self, chat: int) -> None:
        if chat not in self._strangers and len(self._strangers) < STRANGERS:
            self._strangers.add(chat)
            log.warning("chat %d asked, and is not among TELEGRAM_ALLOWED_CHATS", chat)


async def _reply(bot: Bot, chat: int, part: Part) -> None:
    """Send a part of an answer; once more where the connection was lost, or a wait is asked for.

    What fails then is lost: who asked asks again.
    """
    try:
        await _send(bot, chat, part)
    except RetryAfter as error:
        if _seconds(error) > WHOLE_S:
            raise
        await asyncio.sleep(_seconds(error))
        await _send(bot, chat, part)
    except NetworkError as error:
        if isinstance(error, (BadRequest, TimedOut)):
            raise
        await _send(bot, chat, part)


async def _send(bot: Bot, chat: str | int, part: Part) -> None:
    if part.kind is Kind.TEXT:
        await bot.send_message(
            chat,
            part.text,
            parse_mode=ParseMode.HTML if part.is_html else None,
            disable_notification=part.quiet,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
    elif part.file is not None and part.kind is Kind.PHOTO:
        await bot.send_photo(chat, _file(part.file), disable_notification=part.quiet)
    elif part.file is not None:
        await bot.send_document(chat, _file(part.file), disable_notification=part.quiet)


def _file(document: Document) -> InputFile:
    return InputFile(document.content, filename=document.name)


def _request(answer_s: float) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=1,
        connect_timeout=CONNECT_S,
        read_timeout=answer_s,
        write_timeout=UPLOAD_S,
        media_write_timeout=UPLOAD_S,
        pool_timeout=CONNECT_S,
    )


def _translated(error: TelegramError, token: str) -> DeliveryError:
    """Say in our own errors what went wrong, without the token."""
    said = _without(token, str(error.message))
    if isinstance(error, RetryAfter):
        wait_s = _seconds(error)
        return DeliveryPutOff(f"Telegram asks to wait {wait_s:g} s.", wait_s)
    if isinstance(error, Forbidden):
        return ChatClosed(f"Telegram does not let the bot write to the chat: {said}.")
    if isinstance(error, BadRequest):
        return ContentRefused(f"Telegram refuses: {said}.")
    return DeliveryPutOff(_why_not_now(error, said))


def _without(token: str, text: str) -> str:
    return text.replace(token.partition(":")[2], "…")


def _why_not_now(error: TelegramError, said: str) -> str:
    if isinstance(error, InvalidToken):
        return "Telegram refuses TELEGRAM_BOT_TOKEN; ask @BotFather."
    if isinstance(error, ChatMigrated):
        return f"The group moved: set TELEGRAM_CHAT_ID={error.new_chat_id}."
    if isinstance(error, TimedOut):
        return "Telegram did not answer in time."
    return f"Telegram cannot be reached: {said}."


def _seconds(error: RetryAfter) -> float:
    wait: Any = error.retry_after
    return float(wait.total_seconds())


@contextmanager
def _discreet() -> Iterator[None]:
    """Keep URLs out of the logs meanwhile."""
    # As a number, `retry_after` is on its way out, with a warning.
    os.environ["PTB_TIMEDELTA"] = "true"
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.WARNING))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
