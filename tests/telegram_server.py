"""A loopback Telegram: the methods of the Bot API that a bot needs, over real HTTP.

It answers as it is told to, well or badly, and records what arrived. To watch it by hand:

    python -m tests.telegram_server 8081 received.jsonl
    TELEGRAM_API_URL=http://127.0.0.1:8081 TELEGRAM_BOT_TOKEN=… TELEGRAM_CHAT_ID=… make daily
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from werkzeug.formparser import parse_form_data

HOST = "127.0.0.1"
TOKEN = "123456:a-secret-of-tests"  # noqa: S105 # of nobody
CHAT = "-1001"
LIMIT = 4096
TAGS = frozenset({"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"})
STALL_S = 30.0


@dataclass(frozen=True)
class Fault:
    """An answer that is none of success.

    Attributes:
        status: of HTTP; 0: the connection is closed without an answer.
        description: in the answer.
        parameters: of the answer, such as retry_after.
        stalls: the answer comes only after STALL_S, or when the server ends.
        arrives: whether what was sent counts as received all the same.
    """

    status: int
    description: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    stalls: bool = False
    arrives: bool = False


TOO_MANY = Fault(429, "Too Many Requests: retry later", {"retry_after": 2})
FORBIDDEN = Fault(403, "Forbidden: bot was kicked from the group chat")
BAD_ENTITY = Fault(400, "Bad Request: can't parse entities: Unsupported start tag")
NO_CHAT = Fault(400, "Bad Request: chat not found")
UNAUTHORIZED = Fault(401, "Unauthorized")
BROKEN = Fault(502, "Bad Gateway")
STALL = Fault(200, stalls=True)
DEAF = Fault(0)
LOST_ANSWER = Fault(0, arrives=True)


@dataclass(frozen=True)
class Received:
    """A call that succeeded.

    Attributes:
        method: such as sendMessage.
        fields: what came along, as text.
        files: names of the files that came, and their contents.
    """

    method: str
    fields: Mapping[str, str]
    files: Mapping[str, bytes]


class TelegramServer:
    """A running server.

    Attributes:
        received: calls that send something and were taken, in order.
        calls: names of all methods that were called, refused ones too.
        faults: the next answers to calls that send something; then all goes well.
        always: the answer to each of them, while it is set.
    """

    def __init__(self, port: int = 0, book: Path | None = None) -> None:
        self.received: list[Received] = []
        self.calls: list[str] = []
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self._book = book
        self._updates: deque[dict[str, Any]] = deque()
        self._asked = time.time_ns() // 1000  # later ones than any server's before
        self._changed = threading.Condition()
        self._ended = threading.Event()
        handler = type("Handler", (_Handler,), {"telegram": self})
        self._server = _Quiet((HOST, port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Its URL, for TELEGRAM_API_URL."""
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def ended(self) -> bool:
        """Whether it is gone: connections that were open get no answer any more."""
        return self._ended.is_set()

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a bot that writes here."""
        return {
            "TELEGRAM_API_URL": self.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": CHAT,
        }

    @property
    def texts(self) -> list[str]:
        """The texts that arrived."""
        return [one.fields["text"] for one in self.received if one.method == "sendMessage"]

    def stop(self) -> None:
        """Be gone: connections are refused from now on."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ask(self, text: str, chat: int = int(CHAT)) -> None:
        """Let somebody write to the bot."""
        with self._changed:
            self._asked += 1
            number, command = self._asked, text.split(maxsplit=1)[0]
            entity = {"type": "bot_command", "offset": 0, "length": len(command)}
            message = {
                "message_id": number,
                "date": 1_700_000_000,
                "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
                "from": {"id": 42, "is_bot": False, "first_name": "Ana"},
                "text": text,
                "entities": [entity],
            }
            self._updates.append({"update_id": number, "message": message})
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Wait until so many calls that send something were taken."""
        with self._changed:
            done = self._changed.wait_for(lambda: len(self.received) >= count, seconds)
        assert done, f"{len(self.received)} of {count} arrived; calls: {self.calls}"

    def wait_for_a_bot(self, seconds: float = 10.0) -> None:
        """Wait until a bot asks for what people wrote."""
        with self._changed:
            done = self._changed.wait_for(lambda: "getUpdates" in self.calls, seconds)
        assert done, f"no bot asks; calls: {self.calls}"

    def answer(
        self, method: str, fields: Mapping[str, str], files: Mapping[str, bytes]
    ) -> tuple[Fault | None, Any]:
        """Return the fault, if there is one, and else the result of a call."""
        with self._changed:
            self.calls.append(method)
            if fields.get("drop_pending_updates", "").lower() == "true":
                self._updates.clear()
            self._changed.notify_all()
        if method == "getUpdates":
            return None, self._next_updates(float(fields.get("timeout", 0)))
        if not method.startswith("send"):
            return None, _RESULTS.get(method, True)
        fault = self.always or (self.faults.popleft() if self.faults else None)
        fault = fault or _refusal(method, fields, files)
        if fault is not None and fault.stalls:
            self._ended.wait(STALL_S)
        if fault is None or fault.arrives:
            self._take(Received(method, fields, files))
        chat = {"id": int(fields.get("chat_id", "0")), "type": "supergroup"}
        return fault, {"message_id": len(self.received), "date": 1_700_000_000, "chat": chat}

    def _take(self, one: Received) -> None:
        with self._changed:
            self.received.append(one)
            self._changed.notify_all()
            if self._book is not None:
                sizes = {name: len(content) for name, content in one.files.items()}
                line = json.dumps(asdict(one) | {"files": sizes}, ensure_ascii=False)
                with self._book.open("a", encoding="utf-8") as book:
                    book.write(f"{line}\n")

    def _next_updates(self, timeout: float) -> list[dict[str, Any]]:
        with self._changed:
            self._changed.wait_for(lambda: self._updates or self._ended.is_set(), min(timeout, 2))
            found = list(self._updates)
            self._updates.clear()
            return found


_RESULTS: Mapping[str, Any] = {
    "getMe": {
        "id": 123456,
        "is_bot": True,
        "first_name": "Canasta",
        "username": "canasta_bot",
    }
}


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: who asked has hung up."""


class _Handler(BaseHTTPRequestHandler):
    telegram: TelegramServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one call, as the Bot API does."""
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", self.path)
        form, files = self._form()
        if match is None or match[1] != TOKEN:
            self._say(UNAUTHORIZED, None)
            return
        fault, result = self.telegram.answer(match[2], form, files)
        if self.telegram.ended or (fault is not None and fault.status == 0):
            self.close_connection = True
            return
        self._say(fault, result)

    def _form(self) -> tuple[dict[str, str], dict[str, bytes]]:
        length = int(self.headers.get("Content-Length", 0))
        environ = {
            "wsgi.input": self.rfile,
            "CONTENT_LENGTH": str(length),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REQUEST_METHOD": "POST",
        }
        _, form, files = parse_form_data(environ, stream_factory=_in_memory)
        return form.to_dict(), {one.filename or "": one.read() for one in files.values()}

    def _say(self, fault: Fault | None, result: Any) -> None:
        content: dict[str, Any] = {"ok": True, "result": result}
        status = 200
        if fault is not None and fault.status != 200:
            status = fault.status
            content = {"ok": False, "error_code": status, "description": fault.description}
            content |= {"parameters": dict(fault.parameters)} if fault.parameters else {}
        body = json.dumps(content).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # who asked did not wait

    def log_message(self, *_arguments: object) -> None:
        """Keep still."""


def _in_memory(*_arguments: object, **_named: object) -> io.BytesIO:
    return io.BytesIO()


class _Strict(HTMLParser):
    """Finds whether Telegram would read a text's HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sound = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.sound = self.sound and tag in TAGS
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.sound = self.sound and bool(self.open) and self.open.pop() == tag


def _refusal(method: str, fields: Mapping[str, str], files: Mapping[str, bytes]) -> Fault | None:
    """Return how the real server refuses such a call; None: it takes it."""
    if method != "sendMessage":
        return None if files else Fault(400, "Bad Request: there is no file in the request")
    text = fields.get("text", "")
    if not text.strip():
        return Fault(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > LIMIT:
        return Fault(400, "Bad Request: message is too long")
    if fields.get("parse_mode") == "HTML":
        parsed = _Strict(text)
        if not parsed.sound or parsed.open or re.search(r"&(?!(lt|gt|amp|quot|#\d+);)", text):
            return BAD_ENTITY
    return None


@contextmanager
def telegram_server(port: int = 0, book: Path | None = None) -> Iterator[TelegramServer]:
    """Run a server; `book` is a file to which what arrives is added, a JSON line each."""
    server = TelegramServer(port, book)
    try:
        yield server
    finally:
        if not server.ended:
            server.stop()


def main(port: str, book: str) -> None:
    """Run until interrupted."""
    with telegram_server(int(port), Path(book)) as server:
        print(f"TELEGRAM_API_URL={server.url} TELEGRAM_BOT_TOKEN={TOKEN} TELEGRAM_CHAT_ID={CHAT}")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
