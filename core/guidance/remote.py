"""A handbook that another server has, asked by the one contract: `POST {summary, include_documents, max_documents}`."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from core.guidance.json_server import JsonServer, ServerAddress
from core.model.clock import Clock
from core.model.errors import GuidanceError
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage

PAUSE_S = 5.0
"""After a failure that trying again may cure, everybody who asks is told of it for so long without a new attempt: calls
take turns on one thread, and none should wait for what the last has just waited for in vain."""
LONGEST_SUMMARY = 8_000
LONGEST_TEXT = 4_000
"""Characters of each text of an answer."""
FORWARDED_HEADER = "X-Earshot-Forwarded"
"""Tells a server of ours that the question comes from another one, so that it is not sent round in a circle."""


class RemoteRetriever:
    """Implements `core.guidance.retriever.Retriever` by asking a server. Any thread. `close` when it is over."""

    def __init__(self, url: str, key: str, timeout_s: float, clock: Clock) -> None:
        address = ServerAddress(url, key, "EARSHOT_GUIDANCE_URL", "EARSHOT_GUIDANCE_KEY")
        self._server = JsonServer(address, {FORWARDED_HEADER: "1"})
        self._timeout_s = timeout_s
        self._clock = clock
        self._failure: GuidanceError | None = None
        self._paused_until = 0.0

    @property
    def address(self) -> str:
        """Where it asks."""
        return self._server.address

    @property
    def health(self) -> PartHealth:
        """How the last question went; any thread."""
        failure = self._failure
        if failure is not None:
            state = PartState.DEGRADED if failure.retryable else PartState.DOWN
            return PartHealth("guidance", state, needed=False, detail=(failure,))
        detail = Message("The handbook is that of the server {address}.", {"address": self.address})
        return PartHealth("guidance", PartState.UP, needed=False, detail=(detail,))

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """Ask. Blocking, for about the time limit at the most. Raises GuidanceError, each failure by its name."""
        failure = self._failure
        if failure is not None and failure.retryable and self._clock.monotonic() < self._paused_until:
            raise replace(failure) from failure
        question = {**asdict(request), "summary": _text(request.summary, LONGEST_SUMMARY)}
        try:
            answer = self._answer(self._server.ask(question, self._timeout_s), request)
        except GuidanceError as error:
            self._failure, self._paused_until = error, self._clock.monotonic() + PAUSE_S
            raise
        self._failure = None
        return answer

    def close(self) -> None:
        """End its connections; idempotent."""
        self._server.close()

    def _answer(self, body: Any, request: GuidanceRequest) -> GuidanceAnswer:
        if not isinstance(body, dict):
            raise self._server.unusable(Message("it is not an object"))
        guidance, documents = self._field(body, "guidance", str), self._field(body, "documents", list)
        most = request.max_documents if request.include_documents else 0
        passages = tuple(self._passage(each, number) for number, each in enumerate(documents[:most]))
        return GuidanceAnswer(_text(guidance), passages)

    def _passage(self, document: Any, number: int) -> Passage:
        place = f"documents.{number}"
        if not isinstance(document, dict):
            raise self._server.unusable(Message("{field} is not an object", {"field": place}))
        score = self._field(document, "score", (int, float), f"{place}.")
        if isinstance(score, bool) or not math.isfinite(score):
            raise self._server.unusable(Message("{field} is not a number", {"field": f"{place}.score"}))
        title, snippet, source = (
            _text(self._field(document, name, str, f"{place}.")) for name in ("title", "snippet", "source")
        )
        return Passage(title, snippet, float(score), source)

    def _field(self, body: Mapping[str, Any], name: str, kind: Any, place: str = "") -> Any:
        field = {"field": f"{place}{name}"}
        if name not in body:
            raise self._server.unusable(Message("{field} is missing", field))
        if not isinstance(body[name], kind):
            raise self._server.unusable(Message("{field} is of another kind than agreed", field))
        return body[name]


def _text(text: str, limit: int = LONGEST_TEXT) -> str:
    """A text that can be kept and sent: no halves of surrogate pairs, no zero bytes, not endless."""
    return text[:limit].encode("utf-8", "replace").decode().replace("\0", "")
