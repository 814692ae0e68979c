"""Alerts on their way to the webhook: signed, tried again, and never waited for by a call.

The signature is HMAC-SHA256 (RFC 2104) of the timestamp, a full stop and the body, as other webhooks have it, too.
"""

import hashlib
import hmac
import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from core.model.call import CallId
from core.model.clock import Clock
from core.model.errors import WebhookError, WebhookFailed, WebhookRefused
from core.model.message import Message

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 200
"""Alerts that wait to be sent; beyond it the newest is dropped and counted."""
ATTEMPTS = 6
FIRST_PAUSE_S = 1.0
"""Before the second attempt; it doubles with each, and half of it is left to chance."""
LONGEST_PAUSE_S = 60.0
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


class Post(Protocol):
    """What sends; `core.calls.webhook_client.WebhookClient` is one."""

    host: str

    def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """Send, and return the answer's status. Raises WebhookError."""

    def close(self) -> None:
        """Let connections go."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert as it is sent."""

    id: str
    """The same at each attempt, so that the receiver can tell a repetition."""
    call_id: CallId
    event: str
    body: bytes


def delivery(delivery_id: str, call_id: CallId, event: str, content: Mapping[str, Any]) -> Delivery:
    """What is sent of an event of a call."""
    body = {"id": delivery_id, "event": event, "call": call_id, **content}
    return Delivery(delivery_id, call_id, event, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of `X-Earshot-Signature`."""
    return "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """Sends deliveries one after the other on a thread of its own. `send` may be called from any thread."""

    def __init__(
        self, client: Post, secret: bytes, clock: Clock, chance: Random, pause: Callable[[float], bool] | None = None
    ) -> None:
        """`pause` waits for some seconds and tells whether to give up; other than its own in tests alone."""
        self._client = client
        self._secret = secret
        self._clock = clock
        self._chance = chance
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._waiting: queue.Queue[Delivery | None] = queue.Queue(QUEUE_LIMIT)
        self.dropped = 0
        """Deliveries that found the queue full."""
        self.given_up = 0
        """Deliveries that were refused, or failed at every attempt."""
        self._failure: WebhookError | None = None
        self._thread = threading.Thread(target=self._run, name="earshot-webhook", daemon=True)
        self._thread.start()

    def send(self, what: Delivery) -> None:
        """Have something sent; returns at once."""
        try:
            self._waiting.put_nowait(what)
        except queue.Full:
            self.dropped += 1
            logger.error("%d alerts for the webhook were dropped: too many wait", self.dropped)

    @property
    def troubles(self) -> tuple[Message | WebhookError, ...]:
        """What is wrong, for the operator: why the latest delivery failed, and what was lost. Any thread."""
        failure = self._failure
        found: list[Message | WebhookError] = [] if failure is None else [failure]
        if self.dropped or self.given_up:
            lost = self.dropped + self.given_up
            found.append(Message("{count} alerts did not reach the webhook.", {"count": lost}))
        return tuple(found)

    @property
    def is_failing(self) -> bool:
        """Whether the latest delivery did not succeed."""
        return self._failure is not None

    def close(self, timeout_s: float = 3.0) -> bool:
        """Give up what waits, and wait for the attempt that is under way. Idempotent. Whether the thread has ended."""
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            logger.debug("the webhook's queue is full; its thread sees that it is closing")
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set() and (what := self._waiting.get()) is not None:
            if self._closing.is_set():
                break
            try:
                self._deliver(what)
                self._failure = None
            except WebhookError as error:
                self._give_up(what, error)
            except Exception as error:  # noqa: BLE001 - without its thread every later alert would be lost, unsaid
                # Its kind alone: its words may repeat what was sent.
                self._give_up(what, WebhookFailed(host=self._client.host, reason=type(error).__name__))
        self._client.close()

    def _give_up(self, what: Delivery, error: WebhookError) -> None:
        self.given_up += 1
        self._failure = error
        logger.error("call %s: alert %s was not delivered: %s", what.call_id, what.id, error)

    def _deliver(self, what: Delivery) -> None:
        for attempt in range(ATTEMPTS):
            try:
                self._attempt(what)
                return
            except WebhookFailed as error:
                self._failure = error
                if attempt + 1 == ATTEMPTS or self._pause(self._pause_s(attempt)):
                    raise

    def _attempt(self, what: Delivery) -> None:
        timestamp = str(int(self._clock.wall()))
        status = self._client.post(
            {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Earshot",
                "X-Earshot-Event": what.event,
                "X-Earshot-Delivery": what.id,
                "X-Earshot-Timestamp": timestamp,
                "X-Earshot-Signature": signature(self._secret, timestamp, what.body),
            },
            what.body,
        )
        if 200 <= status < 300:
            return
        if status in WORTH_ANOTHER_TRY or status >= 500:
            raise WebhookFailed(host=self._client.host, reason=f"status {status}")
        raise WebhookRefused(host=self._client.host, status=status)

    def _pause_s(self, attempt: int) -> float:
        whole: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
        return whole * (0.5 + self._chance.random() / 2)
