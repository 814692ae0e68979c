"""Which hints are found out to be refused, and which are not blamed for something else."""

from core.model.errors import SpeechHintsRefused, SpeechServiceFailed, SpeechServiceRefused
from core.speech.hints import HintPhrase, SpeechHints
from core.speech.provider import EndKind, StreamEnd, StreamResult
from core.speech.refused_hints import RefusedHints

HINTS = SpeechHints(phrases=(HintPhrase("Earshot"),))
REFUSED = StreamEnd(EndKind.REFUSED, SpeechServiceRefused(service="s", reason="INVALID_ARGUMENT", setting="MODEL"))
WORDS = StreamResult(interim="hello")


class Known(RefusedHints):
    """The same, with hints that a test changes."""

    def __init__(self) -> None:
        super().__init__("s", lambda language: self.in_use)
        self.in_use = HINTS


def test_hints_are_to_blame_once_streams_work_without_them() -> None:
    known = Known()
    end = known.begin("ko").refused(REFUSED)
    assert end.kind is EndKind.TRANSIENT
    assert isinstance(end.error, SpeechServiceFailed)
    assert known.complaint is None, "blamed before anything is known"
    without = known.begin("ko")
    assert without.sent == SpeechHints()
    without.heard(StreamResult(speech_began_s=1.0))
    assert known.complaint is None, "that somebody speaks was told before the request was looked at"
    without.heard(WORDS)
    assert isinstance(known.complaint, SpeechHintsRefused)
    assert known.complaint.language == "ko"
    assert known.begin("ko").sent == SpeechHints(), "refused hints are sent again"
    assert known.begin("en").sent == HINTS, "hints for another language are blamed, too"


def test_a_stream_from_before_changes_nothing_about_hints_that_are_known_to_be_refused() -> None:
    known = Known()
    first, second = known.begin("ko"), known.begin("ko")
    first.refused(REFUSED)
    known.begin("ko").heard(WORDS)
    assert second.refused(REFUSED).kind is EndKind.TRANSIENT
    assert known.complaint is not None


def test_other_hints_are_tried_and_their_predecessors_forgotten() -> None:
    known = Known()
    known.begin("ko").refused(REFUSED)
    known.begin("ko").heard(WORDS)
    known.in_use = SpeechHints(phrases=(HintPhrase("Other"),))
    assert known.complaint is None
    assert known.begin("ko").sent == known.in_use


def test_hints_that_have_worked_are_not_blamed_for_a_later_refusal() -> None:
    known = Known()
    former, other = known.begin("ko"), known.begin("ko")
    former.heard(WORDS)
    assert other.refused(REFUSED) is REFUSED
    assert known.begin("ko").sent == HINTS
    assert known.complaint is None
    known.in_use = SpeechHints(phrases=(HintPhrase("Other"),))
    new = known.begin("ko")
    former.heard(WORDS)
    assert new.refused(REFUSED).kind is EndKind.TRANSIENT, "that the former ones work says nothing about these"


def test_hints_are_not_to_blame_where_streams_without_them_are_refused_as_well() -> None:
    known = Known()
    known.begin("ko").refused(REFUSED)
    assert known.begin("ko").refused(REFUSED) is REFUSED
    assert known.complaint is None
    again = known.begin("ko")
    assert again.sent == HINTS, "the suspicion was not taken back"
    end = again.refused(REFUSED)
    assert end.kind is EndKind.TRANSIENT, "hints may be wrong besides: without them it is tried soon"
    assert end.error is REFUSED.error, "what is shown changes to and fro"
    known.begin("ko").heard(WORDS)
    assert known.complaint is not None


def test_without_any_hints_a_refusal_is_a_refusal() -> None:
    known = Known()
    known.in_use = SpeechHints()
    assert known.begin("ko").refused(REFUSED) is REFUSED
    known.begin("ko").heard(WORDS)
    assert known.complaint is None
