"""Which vocabulary hints a service refuses, found out by asking it once more without them.

A service that refuses a request does not say in a way that a program could read whether the hints are to blame, or the
model, or the language. Hints that pass our own reading of the file may still not pass the service's.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from core.model.call import Language
from core.model.errors import SpeechError, SpeechHintsRefused, SpeechServiceFailed
from core.speech.hints import SpeechHints
from core.speech.provider import EndKind, StreamEnd, StreamResult

logger = logging.getLogger(__name__)


class _Verdict(Enum):
    WORKS = auto()
    """A stream that carried them has given words: whatever is refused later is refused for something else."""
    SUSPECTED = auto()
    """A stream that carried them was refused; the next ones go without."""
    REFUSED = auto()
    """Streams work without them."""
    CLEARED = auto()
    """Streams without them are refused as well."""


@dataclass(frozen=True, slots=True)
class _Case:
    hints: SpeechHints
    verdict: _Verdict


class RefusedHints:
    """What is known of the hints of each language, for as long as they do not change. Any thread.

    Args:
        service: Who refuses.
        hints: What is in use for a language.
    """

    def __init__(self, service: str, hints: Callable[[Language], SpeechHints]) -> None:
        self._service = service
        self._hints = hints
        self._lock = threading.Lock()
        self._cases: dict[Language, _Case] = {}

    @property
    def complaint(self) -> SpeechError | None:
        """What to tell the operator; None while no hints that are in use are refused."""
        with self._lock:
            refused = [(tag, case.hints) for tag, case in self._cases.items() if case.verdict is _Verdict.REFUSED]
        for language, hints in refused:
            if self._hints(language) == hints:
                return SpeechHintsRefused(service=self._service, language=language)
        return None

    def begin(self, language: Language) -> "HintsAttempt":
        """For one stream, which is about to be opened."""
        hints = self._hints(language)
        is_sent = self._verdict(language, hints) not in (_Verdict.SUSPECTED, _Verdict.REFUSED)
        return HintsAttempt(self, language, hints, is_sent)

    def refused_with(self, attempt: "HintsAttempt", end: StreamEnd) -> StreamEnd:
        """A stream that carried hints was refused; how its end counts."""
        verdict = self._verdict(attempt.language, attempt.hints)
        if verdict is _Verdict.WORKS:
            return end
        if verdict is not _Verdict.REFUSED:
            self._judge(attempt, _Verdict.SUSPECTED)
        # Without hints it was refused before: what was shown then goes on being shown.
        failed = SpeechServiceFailed(service=self._service, reason="INVALID_ARGUMENT")
        return StreamEnd(EndKind.TRANSIENT, end.error if verdict is _Verdict.CLEARED else failed)

    def refused_without(self, attempt: "HintsAttempt") -> None:
        """A stream was refused that carried no hints."""
        if self._verdict(attempt.language, attempt.hints) is _Verdict.SUSPECTED:
            self._judge(attempt, _Verdict.CLEARED)

    def heard_with(self, attempt: "HintsAttempt") -> None:
        """A stream with hints gives words."""
        is_known = self._verdict(attempt.language, attempt.hints) is _Verdict.WORKS
        # A stream may outlive the hints that it was opened with: of the ones in use it says nothing.
        if not is_known and self._hints(attempt.language) == attempt.hints:
            self._judge(attempt, _Verdict.WORKS)

    def heard_without(self, attempt: "HintsAttempt") -> None:
        """A stream without hints gives words."""
        if self._verdict(attempt.language, attempt.hints) is _Verdict.SUSPECTED:
            self._judge(attempt, _Verdict.REFUSED)
            logger.error("%s", SpeechHintsRefused(service=self._service, language=attempt.language))

    def _verdict(self, language: Language, hints: SpeechHints) -> _Verdict | None:
        with self._lock:
            case = self._cases.get(language)
            return case.verdict if case is not None and case.hints == hints else None

    def _judge(self, attempt: "HintsAttempt", verdict: _Verdict) -> None:
        with self._lock:
            self._cases[attempt.language] = _Case(attempt.hints, verdict)


@dataclass(frozen=True, slots=True)
class HintsAttempt:
    """One stream, as far as hints are concerned. On the provider's loop."""

    refused_hints: RefusedHints
    language: Language
    hints: SpeechHints
    """What was in use when it was opened."""
    is_sent: bool
    """Whether they go along."""

    @property
    def sent(self) -> SpeechHints:
        """What goes along."""
        return self.hints if self.is_sent else SpeechHints()

    def heard(self, result: StreamResult) -> None:
        """The stream answered."""
        # Where somebody begins to speak a service may tell before it has looked at everything that it was asked for.
        if not (result.finals or result.interim):
            return
        if not self.is_sent:
            self.refused_hints.heard_without(self)
        elif self.hints.phrases:
            self.refused_hints.heard_with(self)

    def refused(self, end: StreamEnd) -> StreamEnd:
        """The service takes the request for invalid; how its end counts."""
        if self.sent.phrases:
            return self.refused_hints.refused_with(self, end)
        self.refused_hints.refused_without(self)
        return end
