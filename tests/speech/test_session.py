"""A session on scripted parts: from fed audio to recognitions."""

import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from core.model.errors import ModelFileMissing, RecognitionFailed
from core.model.health import PartState
from core.model.message import Message
from core.speech.decoder import Decoding
from core.speech.local import LoadedModels
from core.speech.session import MAX_WAITING_S
from tests.fakes.clock import ManualClock
from tests.fakes.decoder import LoudnessActivity, ScriptedDecoder, certain
from tests.speech.conftest import Heard, OpenLocal
from tests.speech.sound import feed_in_chunks, loud, silent
from tests.support.waiting import TIMEOUT_S, wait_for


class HeldActivity(LoudnessActivity):
    """Looks at audio when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_look, self.is_looking = threading.Event(), threading.Event()
        self.may_look.set()

    def probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        if not self.may_look.is_set():
            self.is_looking.set()
        self.may_look.wait(TIMEOUT_S)
        return super().probabilities(frames)


class FaultyActivity(LoudnessActivity):
    """Fails while it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_faulty = False

    def probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        if self.is_faulty:
            raise ZeroDivisionError
        return super().probabilities(frames)


def loader(
    decoder: ScriptedDecoder, open_activity: Callable[[], LoudnessActivity] = LoudnessActivity
) -> Callable[[], LoadedModels]:
    """Loads scripted parts at once."""
    return lambda: LoadedModels(decoder, open_activity, Message("scripted"))


def test_each_utterance_gets_one_final_with_its_times_on_the_fed_clock(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, silent(1.0) + loud(2.0) + silent(1.0) + loud(1.0, 7_000) + silent(1.0), start_s=500.0)
    assert session.close(TIMEOUT_S)
    assert heard.texts == ["loud 5000", "loud 7000"]
    assert [r.ordinal for r in heard.finals] == [0, 1]
    assert [r.start_s for r in heard.finals] == pytest.approx([501.0, 504.0], abs=0.04)
    assert [r.end_s for r in heard.finals] == pytest.approx([503.0, 505.0], abs=0.04)
    assert {(r.engine, r.model) for r in heard.finals} == {("scripted", "test")}
    assert heard.finals[0].confidence == pytest.approx(0.905, abs=0.001)


def test_a_final_comes_at_the_pause_without_close(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0) + silent(0.7))
    assert wait_for(lambda: heard.texts == ["loud 5000"])


def test_close_ends_the_last_utterance_and_is_idempotent(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0))
    assert session.close(TIMEOUT_S)
    assert heard.texts == ["loud 5000"]
    assert session.close(0.0)
    session.feed(loud(1.0), 10.0)
    assert session.stats.fed_s == pytest.approx(1.0)


def test_a_gap_ends_the_utterance_and_is_kept_in_the_times(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0), start_s=10.0)
    feed_in_chunks(session, loud(1.0, 6_000), start_s=25.0)
    assert session.close(TIMEOUT_S)
    assert [(r.text, r.start_s) for r in heard.finals] == [
        ("loud 5000", pytest.approx(10.0, abs=0.04)),
        ("loud 6000", pytest.approx(25.0, abs=0.04)),
    ]


def test_lost_packets_do_not_end_the_utterance(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local().open_session("customer", "ko", heard)
    for number in range(20):
        session.feed(loud(0.06), number * 0.1)
    assert session.close(TIMEOUT_S)
    assert len(heard.finals) == 1
    assert heard.finals[0].end_s == pytest.approx(1.96, abs=0.04)


def test_an_utterance_ends_when_audio_stops_coming(open_local: OpenLocal, heard: Heard) -> None:
    clock = ManualClock()
    session = open_local(clock=clock).open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    assert heard.all == []
    clock.advance(1.6)
    assert wait_for(lambda: heard.texts == ["loud 5000"])


def test_interim_texts_come_while_one_speaks(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local(interim_every_s=1.0).open_session("customer", "ko", heard)
    for second in range(4):
        feed_in_chunks(session, loud(1.0), start_s=float(second))
        assert wait_for(lambda second=second: len(heard.all) > second)
    assert session.close(TIMEOUT_S)
    assert [r.is_final for r in heard.all[:4]] == [False] * 4
    assert {r.ordinal for r in heard.all} == {0}
    assert heard.finals == heard.all[-1:]


def test_what_two_interim_texts_agree_on_stays_until_the_final(open_local: OpenLocal, heard: Heard) -> None:
    texts = iter(["please council", "Please, cancel my", "please cancel my order", "cancel my order now"])

    def say(loudness: int, is_final: bool) -> Decoding:
        return certain("Cancel my order now.") if is_final else certain(next(texts))

    load = loader(ScriptedDecoder(say))
    session = open_local(load, interim_every_s=1.0).open_session("customer", "en", heard)
    for second in range(4):
        feed_in_chunks(session, loud(1.0), start_s=float(second))
        assert wait_for(lambda second=second: len(heard.all) > second)
    assert session.close(TIMEOUT_S)
    assert [r.text[: r.stable_chars] for r in heard.all] == [
        "",
        "Please",
        "Please, cancel my",
        "Please, cancel my order",
        "",
    ]
    assert [r.text for r in heard.all[-2:]] == ["Please, cancel my order now", "Cancel my order now."]


def test_the_next_utterance_owes_nothing_to_what_was_agreed_on_before(open_local: OpenLocal, heard: Heard) -> None:
    session = open_local(interim_every_s=0.5).open_session("customer", "en", heard)
    for second in range(2):
        feed_in_chunks(session, loud(1.0), start_s=float(second))
        assert wait_for(lambda second=second: len(heard.all) > second)
    feed_in_chunks(session, silent(1.0), start_s=2.0)
    assert wait_for(lambda: heard.all[-1].is_final)
    feed_in_chunks(session, loud(1.0, 7_000), start_s=3.0)
    assert wait_for(lambda: heard.all[-1].ordinal == 1)
    assert (heard.all[-1].text, heard.all[-1].stable_chars) == ("loud 7000", 0)


def test_no_interim_text_is_asked_for_in_the_silence_after_speech(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    session = open_local(interim_every_s=0.1).open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(0.5) + silent(0.45))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    assert [is_final for _, is_final in decoder.calls] in ([], [True])


def test_the_final_text_is_begun_before_the_silence_is_over_and_waits_for_its_end(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0) + silent(0.4))
    assert decoder.wait_for_calls(1)
    assert wait_for(lambda: session.stats.waiting_s == 0)
    assert heard.all == []
    feed_in_chunks(session, silent(0.3), start_s=1.4)
    assert wait_for(lambda: heard.texts == ["loud 5000"])
    assert session.close(TIMEOUT_S)
    assert decoder.calls == [(5000, True)]


def test_a_final_text_that_is_still_being_made_at_the_end_of_the_silence_comes_once(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    decoder.hold()
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0) + silent(0.4))
    assert decoder.wait_for_calls(1)
    feed_in_chunks(session, silent(0.3), start_s=1.4)
    assert wait_for(lambda: session.stats.oldest_s > 0)
    decoder.release()
    assert session.close(TIMEOUT_S)
    assert heard.texts == ["loud 5000"]
    assert decoder.calls == [(5000, True)]


def test_a_final_text_that_was_begun_too_early_is_thrown_away_when_speech_goes_on(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    session = open_local().open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0) + silent(0.4))
    assert decoder.wait_for_calls(1)
    feed_in_chunks(session, loud(1.0, 7_000) + silent(0.7), start_s=1.4)
    assert session.close(TIMEOUT_S)
    assert heard.texts == ["loud 7000"]
    assert heard.finals[0].start_s == pytest.approx(0.0, abs=0.04)
    assert heard.finals[0].end_s == pytest.approx(2.4, abs=0.04)


def test_while_finals_wait_none_is_begun_early(open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard) -> None:
    decoder.hold()
    transcriber = open_local(workers=1)
    busy = [transcriber.open_session(f"busy-{n}", "ko", Heard()) for n in range(2)]
    for session in busy:
        feed_in_chunks(session, loud(1.0) + silent(0.7))
    assert decoder.wait_for_calls(1)
    assert wait_for(lambda: transcriber.decoding.waiting_finals == 1)
    session = transcriber.open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0, 7_000) + silent(0.4))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    assert transcriber.decoding.waiting_finals == 1
    decoder.release()
    assert session.close(TIMEOUT_S)
    assert heard.texts == ["loud 7000"]


def test_what_was_invented_is_not_said_and_its_interim_is_withdrawn(open_local: OpenLocal, heard: Heard) -> None:
    def say(loudness: int, is_final: bool) -> Decoding:
        return Decoding("Thank you.", -1.5, 0.9) if is_final else certain("Thank")

    doubtful = ScriptedDecoder(say)
    load = loader(doubtful)
    session = open_local(load, interim_every_s=1.0).open_session("customer", "en", heard)
    feed_in_chunks(session, loud(1.5))
    assert wait_for(lambda: len(heard.all) == 1)
    assert session.close(TIMEOUT_S)
    assert [(r.text, r.is_final) for r in heard.all] == [("Thank", False), ("", True)]


def test_audio_fed_while_the_model_loads_is_kept_and_recognised(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    may_load = threading.Event()

    def load() -> LoadedModels:
        may_load.wait(TIMEOUT_S)
        return LoadedModels(decoder, LoudnessActivity, Message("scripted"))

    transcriber = open_local(load)
    session = transcriber.open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(2.0) + silent(1.0))
    assert transcriber.health.state is PartState.STARTING
    assert session.stats.waiting_s == pytest.approx(3.0)
    may_load.set()
    assert wait_for(lambda: heard.texts == ["loud 5000"])
    assert transcriber.health.state is PartState.UP


def test_a_full_queue_drops_the_oldest_audio_and_counts_it(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    may_load = threading.Event()

    def load() -> LoadedModels:
        may_load.wait(TIMEOUT_S)
        return LoadedModels(decoder, LoudnessActivity, Message("scripted"))

    session = open_local(load).open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(3.0) + silent(MAX_WAITING_S - 2.0) + loud(2.0, 7_000))
    assert session.stats.fed_s == pytest.approx(MAX_WAITING_S + 3.0)
    assert session.stats.dropped_s == pytest.approx(3.0)
    assert session.stats.waiting_s == pytest.approx(MAX_WAITING_S)
    may_load.set()
    assert not session.close(TIMEOUT_S)
    assert heard.texts == ["loud 7000"]
    assert heard.finals[0].start_s == pytest.approx(MAX_WAITING_S + 1.0, abs=0.04)
    assert heard.lost == [(0.0, pytest.approx(3.0))], "a run of dropped chunks is told as one"
    assert [(r.ordinal, r.is_given_up) for r in heard.all] == [(0, True), (1, False)]


def test_audio_that_is_lost_in_mid_sentence_ends_it_and_is_told_between_its_halves(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    activity = HeldActivity()
    session = open_local(loader(decoder, lambda: activity)).open_session("customer", "ko", heard)
    end_s = feed_in_chunks(session, loud(2.0))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    activity.may_look.clear()
    end_s = feed_in_chunks(session, loud(0.1), end_s)
    assert activity.is_looking.wait(TIMEOUT_S)
    feed_in_chunks(session, loud(MAX_WAITING_S + 2.0), end_s)
    activity.may_look.set()
    assert not session.close(TIMEOUT_S)
    whole = [(r.start_s, r.end_s, r.is_given_up) for r in heard.all]
    assert [is_lost for *_, is_lost in whole[:3]] == [False, True, False]
    for (_, end, _), (start, _, _) in pairwise(whole):
        assert start == pytest.approx(end, abs=0.06), "each begins where the one before it ends"
    assert sum(end - start for start, end, is_lost in whole if is_lost) == pytest.approx(session.stats.dropped_s)


def test_audio_that_a_fault_kept_from_being_looked_at_is_told_as_one_loss_between_what_was_said(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    activity = FaultyActivity()
    load = loader(decoder, lambda: activity)
    session = open_local(load).open_session("customer", "ko", heard)
    end_s = feed_in_chunks(session, loud(1.0))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    activity.is_faulty = True
    for number in range(60):
        session.feed(loud(0.1, 6_000), end_s)
        end_s += 0.1
        dropped_s = (number + 1) * 0.1
        assert wait_for(lambda all_s=dropped_s: session.stats.dropped_s == pytest.approx(all_s))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    activity.is_faulty = False
    feed_in_chunks(session, loud(1.0, 7_000) + silent(1.0), end_s)
    assert wait_for(lambda: len(heard.all) == 3)
    assert not session.close(TIMEOUT_S)
    assert [(r.text, r.start_s, r.end_s) for r in heard.all] == [
        ("loud 5000", pytest.approx(0.0), pytest.approx(1.0, abs=0.04)),
        ("", pytest.approx(1.0), pytest.approx(7.0)),
        ("loud 7000", pytest.approx(7.0), pytest.approx(8.0, abs=0.04)),
    ]
    assert session.stats.dropped_s == pytest.approx(6.0)
    assert caplog.text.count("a stretch of audio was lost") == 1


def test_audio_that_a_fault_loses_at_the_end_is_told_when_the_session_closes(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    activity = FaultyActivity()
    load = loader(decoder, lambda: activity)
    session = open_local(load).open_session("customer", "ko", heard)
    end_s = feed_in_chunks(session, loud(1.0))
    assert wait_for(lambda: session.stats.waiting_s == 0)
    activity.is_faulty = True
    feed_in_chunks(session, loud(2.0), end_s)
    assert not session.close(TIMEOUT_S)
    assert heard.texts == ["loud 5000"]
    assert heard.lost == [(pytest.approx(1.0), pytest.approx(3.0))]
    assert session.stats.waiting_s == 0


def test_audio_is_told_as_lost_where_a_stream_cannot_even_be_begun(open_local: OpenLocal, heard: Heard) -> None:
    def fail() -> LoudnessActivity:
        raise ZeroDivisionError

    session = open_local(loader(ScriptedDecoder(), fail)).open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(2.0))
    assert not session.close(TIMEOUT_S)
    assert heard.lost == [(0.0, pytest.approx(2.0))]
    assert session.stats.waiting_s == 0


def test_utterances_that_wait_too_long_are_given_up_oldest_first_and_counted(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    transcriber = open_local(workers=1)
    session = transcriber.open_session("customer", "ko", heard)
    decoder.hold()
    start_s = 0.0
    for number in range(6):
        start_s = feed_in_chunks(session, loud(6.5, 2_000 + number) + silent(2.0), start_s)
        utterances_s = 6.848 + 7.232 * number
        assert wait_for(
            lambda all_s=utterances_s: (
                session.stats.waiting_s + session.stats.dropped_s == pytest.approx(all_s, abs=0.05)
            )
        )
        if number == 0:
            assert decoder.wait_for_calls(1)
    decoder.release()
    assert not session.close(TIMEOUT_S)
    assert heard.texts == ["loud 2000", "loud 2003", "loud 2004", "loud 2005"]
    assert session.stats.dropped_s == pytest.approx(2 * 7.232, abs=0.05)
    assert [(r.ordinal, r.is_given_up) for r in heard.all] == [(n, n in (1, 2)) for n in range(6)]
    assert heard.lost[0] == pytest.approx((8.5, 15.0), abs=0.4)


def test_no_recognition_is_delivered_after_close_returned(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    session = open_local().open_session("customer", "ko", heard)
    decoder.hold()
    feed_in_chunks(session, loud(1.0) + silent(0.7))
    assert decoder.wait_for_calls(1)
    assert not session.close(0.05)
    assert session.stats.dropped_s > 1.0
    assert heard.lost == [pytest.approx((0.0, 1.0), abs=0.4)]
    told = list(heard.all)
    decoder.release()
    other = Heard()
    following = open_local().open_session("other", "ko", other)
    feed_in_chunks(following, loud(1.0))
    assert following.close(TIMEOUT_S)
    assert heard.all == told


def test_a_failed_recognition_is_counted_and_shown_and_the_next_one_goes_on(
    open_local: OpenLocal, heard: Heard
) -> None:
    def say(loudness: int, is_final: bool) -> Decoding:
        if loudness == 6_000:
            raise RecognitionFailed(engine="scripted", reason="RuntimeError")
        return certain("words")

    transcriber = open_local(loader(ScriptedDecoder(say)))
    session = transcriber.open_session("customer", "ko", heard)
    end_s = feed_in_chunks(session, loud(1.0, 6_000) + silent(0.7))
    assert wait_for(lambda: len(heard.lost) == 1)
    assert session.stats.dropped_s > 1.0
    assert heard.lost == [pytest.approx((0.0, 1.0), abs=0.4)]
    assert transcriber.health.state is PartState.DEGRADED
    feed_in_chunks(session, loud(1.0) + silent(0.7), end_s)
    assert wait_for(lambda: heard.texts == ["words"])
    assert transcriber.health.state is PartState.UP
    assert not session.close(TIMEOUT_S)


def test_without_a_model_the_engine_is_down_and_says_why_and_audio_is_counted_as_dropped(
    open_local: OpenLocal, heard: Heard
) -> None:
    def load() -> LoadedModels:
        raise ModelFileMissing(path="models/whisper-base/model.bin")

    transcriber = open_local(load)
    session = transcriber.open_session("customer", "ko", heard)
    assert wait_for(lambda: transcriber.health.state is PartState.DOWN)
    assert "models/whisper-base/model.bin" in transcriber.health.in_english
    feed_in_chunks(session, loud(2.0))
    assert wait_for(lambda: session.stats.dropped_s == pytest.approx(2.0))
    feed_in_chunks(session, loud(1.0), start_s=7.0)
    assert not session.close(TIMEOUT_S)
    assert heard.lost == [pytest.approx((0.0, 2.0)), pytest.approx((7.0, 8.0))]


def test_a_language_that_the_model_was_not_made_for_is_shown_while_it_is_spoken(
    open_local: OpenLocal, heard: Heard
) -> None:
    transcriber = open_local()
    known = transcriber.open_session("agent", "ko", Heard())
    guessed = [transcriber.open_session(f"customer {number}", "xx", heard) for number in range(2)]
    assert wait_for(lambda: transcriber.health.state is PartState.DEGRADED)
    assert "xx" in transcriber.health.in_english
    assert guessed[0].close(TIMEOUT_S)
    assert transcriber.health.state is PartState.DEGRADED
    assert guessed[1].close(TIMEOUT_S)
    assert transcriber.health.state is PartState.UP
    assert known.close(TIMEOUT_S)


def test_sessions_of_one_transcriber_do_not_hear_each_other(open_local: OpenLocal) -> None:
    transcriber = open_local(interim_every_s=1.0)
    ears = [Heard() for _ in range(8)]
    sessions = [transcriber.open_session(f"s{number}", "en", ear) for number, ear in enumerate(ears)]
    feeders = [
        threading.Thread(
            target=feed_in_chunks,
            args=(session, (loud(1.0, 2_000 + number) + silent(0.7)) * 3),
            name=f"feeder-{number}",
        )
        for number, session in enumerate(sessions)
    ]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    assert all(session.close(TIMEOUT_S) for session in sessions)
    assert [ear.texts for ear in ears] == [[f"loud {2_000 + number}"] * 3 for number in range(8)]


def threads_since(before: set[threading.Thread]) -> set[str]:
    return {thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("speech-")}


def test_close_ends_every_session_and_thread_and_is_idempotent(open_local: OpenLocal, heard: Heard) -> None:
    before = set(threading.enumerate())
    transcriber = open_local()
    session = transcriber.open_session("customer", "ko", heard)
    feed_in_chunks(session, loud(1.0))
    transcriber.close()
    transcriber.close()
    assert heard.texts == ["loud 5000"]
    assert transcriber.health.state is PartState.DOWN
    assert threads_since(before) == set()


def test_every_thread_is_named(open_local: OpenLocal) -> None:
    before = set(threading.enumerate())
    transcriber = open_local(workers=3)
    assert wait_for(lambda: transcriber.health.state is PartState.UP)
    assert wait_for(
        lambda: threads_since(before) == {"speech-endpointing", "speech-decode-0", "speech-decode-1", "speech-decode-2"}
    )
    assert len(set(threading.enumerate()) - before) == 4


def test_words_that_come_late_are_a_state_of_the_engine(
    open_local: OpenLocal, decoder: ScriptedDecoder, heard: Heard
) -> None:
    clock = ManualClock()
    transcriber = open_local(clock=clock)
    session = transcriber.open_session("customer", "ko", heard)
    decoder.hold()
    feed_in_chunks(session, loud(1.0) + silent(0.6))
    assert wait_for(lambda: session.stats.oldest_s > 0)
    # The test's clock stands still while it feeds: the silence is as long as it was when the decoding began.
    silence_s = session.stats.oldest_s
    assert 0.3 <= silence_s <= 0.6
    clock.advance(4.0)
    assert session.stats.oldest_s == pytest.approx(4.0 + silence_s)
    health = transcriber.health
    assert health.state is PartState.DEGRADED
    assert f"Words come {4.0 + silence_s:.1f} s late" in health.in_english
    decoder.release()
    assert wait_for(lambda: heard.texts == ["loud 5000"])
    assert session.stats.oldest_s == 0.0
    clock.advance(10.0)
    assert transcriber.health.state is PartState.UP
