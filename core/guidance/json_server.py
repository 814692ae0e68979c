"""A server that is asked by JSON over HTTP, and each way in which that can fail. Only home of httpx.

Nothing of a question or an answer gets into a log.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

import httpx

from core.model.errors import (
    GuidanceAnswerInvalid,
    GuidanceKeyRefused,
    GuidanceRequestRefused,
    GuidanceServerFailed,
    GuidanceServerSilent,
    GuidanceServerUnreachable,
    GuidanceServerUnsuitable,
)
from core.model.loop_thread import LoopThread, cancel_others
from core.model.message import Message

LONGEST_WORDS = 300
"""Characters of a server's own words that are shown."""
MEGABYTE = 1_000_000
CLOSE_TIMEOUT_S = 5.0
CLOSED = "closed"
"""Why a server is not reached that nobody asks any more."""
_REFUSALS = (400, 422)
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where to ask, and which settings say so."""

    url: str
    key: str = ""
    """Sent as a bearer token; empty for a server that wants none."""
    url_setting: str = ""
    key_setting: str = ""


class JsonServer:
    """One server. Any thread, several at once. `close` before the process ends.

    Questions are asked on an event loop of its own, for there a deadline ends an exchange wherever it is; a socket that
    is waited for has a limit for each wait alone, and a server that sends a byte of a header now and then has no end.

    Redirections are not followed: what is asked goes to the address that somebody entered and to no other.
    """

    def __init__(self, address: ServerAddress, headers: Mapping[str, str] | None = None) -> None:
        key = {"Authorization": f"Bearer {address.key}"} if address.key else {}
        self.address = address.url
        self._settings = address
        self._client = httpx.AsyncClient(
            headers={"Content-Type": "application/json", "Accept": "application/json", **key, **(headers or {})},
            follow_redirects=False,
        )
        self._thread = LoopThread("earshot-json-server")

    def ask(self, question: Mapping[str, Any], timeout_s: float, limit_mb: float = 1.0) -> Any:
        """Post a question; the answer, parsed. Blocking.

        Args:
            question: The request's body.
            timeout_s: For the whole, from looking up the host's name to the answer's last byte.
            limit_mb: Largest answer that is read.

        Raises:
            GuidanceServerUnreachable, GuidanceServerSilent, GuidanceServerFailed, GuidanceKeyRefused,
            GuidanceServerUnsuitable, GuidanceRequestRefused, GuidanceAnswerInvalid
        """
        body = json.dumps(question).encode()
        asked = self._thread.submit(lambda: self._exchange(body, timeout_s, int(limit_mb * MEGABYTE)))
        try:
            status, content = asked.result()
        except CancelledError as error:
            raise self._unreachable(CLOSED) from error
        self._check(status, content)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self.unusable(Message("it is not JSON")) from error

    def unusable(self, reason: Message) -> GuidanceAnswerInvalid:
        """That an answer does not have the agreed form."""
        return GuidanceAnswerInvalid(address=self.address, reason=reason)

    def close(self) -> None:
        """End its questions, connections and thread; idempotent."""
        self._thread.close(self._end_all, CLOSE_TIMEOUT_S)

    async def _end_all(self) -> None:
        await cancel_others()
        await self._client.aclose()

    async def _exchange(self, body: bytes, timeout_s: float, limit: int) -> tuple[int, bytes]:
        """The answer's status and content. On the loop."""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._client.stream("POST", self.address, content=body, timeout=timeout_s) as response,
            ):
                return response.status_code, await self._read(response, limit)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise GuidanceServerSilent(address=self.address, seconds=timeout_s) from error
        except httpx.DecodingError as error:
            raise self.unusable(Message("it is packed wrongly")) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its kind alone: its words may repeat a header, and with it the key.
            raise self._unreachable(type(error).__name__) from None

    async def _read(self, response: httpx.Response, limit: int) -> bytes:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > limit:
                raise self.unusable(Message("it is longer than {limit} MB", {"limit": limit / MEGABYTE}))
        return bytes(content)

    def _unreachable(self, reason: str) -> GuidanceServerUnreachable:
        return GuidanceServerUnreachable(address=self.address, reason=reason, setting=self._settings.url_setting)

    def _check(self, status: int, content: bytes) -> None:
        """Raises by name what an answer's status means."""
        if status == httpx.codes.OK:
            return
        if status in _REFUSALS and (words := refusal_words(content)):
            raise GuidanceRequestRefused(address=self.address, status=status, words=words)
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise GuidanceKeyRefused(address=self.address, status=status, setting=self._settings.key_setting)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == _TOO_MANY:
            raise GuidanceServerFailed(address=self.address, status=status)
        raise GuidanceServerUnsuitable(address=self.address, status=status, setting=self._settings.url_setting)


def refusal_words(content: bytes) -> str:
    """What a server says of a request that it refuses; empty where it says nothing that is known.

    FastAPI's `detail` (without its `input`, which repeats what was sent), Earshot's `message`, OpenAI's
    `error.message`.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    words = "; ".join(_words(body)) if isinstance(body, dict) else ""
    words = re.sub(r"\s+", " ", words).strip().rstrip(".")
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    detail, error = body.get("detail"), body.get("error")
    for said in (detail, body.get("message"), error.get("message") if isinstance(error, dict) else None):
        if isinstance(said, str):
            yield said
    for each in detail if isinstance(detail, list) else ():
        if isinstance(each, dict) and isinstance(each.get("msg"), str):
            loc = each.get("loc")
            place = ".".join(map(str, loc)) if isinstance(loc, list) else ""
            yield f"{place}: {each['msg']}" if place else each["msg"]
