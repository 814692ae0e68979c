"""Dumps of every version give the figures that are in them, and broken ones say where they are broken."""

import gzip
import io
import json
import random
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.errors import (
    ImportedFileBroken,
    ImportedFileError,
    ImportedFileOld,
    ImportedFileSilent,
    ImportedFileTooLarge,
    ImportedFileUnknown,
    ImportedFileUnreadable,
)
from core.model.imported import ImportedCall, ImportKind, LeftOut
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.quality import webrtc_internals
from core.quality.alerts import judged
from core.quality.dump_call import MOST_LEGS
from core.quality.imports import read_import, read_import_path
from core.quality.sample_export import samples_parquet
from tests.fakes.webrtc_dump import BEGUN_MS, Form, Talk, internals, internals_bytes, rtcstats_bytes
from tests.quality.stream import sample as measured

DUMPS = Path(__file__).parent / "dumps"
FORMS = [Form.NEWEST, Form.STAMPED, Form.TYPED, Form.OLD]


def read(content: bytes) -> ImportedCall:
    return read_import("dump.txt", io.BytesIO(content))


def going(call: ImportedCall, direction: Direction) -> list[RtpSample]:
    return [sample for sample in call.samples if sample.direction is direction]


@pytest.mark.parametrize("name", ["chromium_156_internals.gz", "chromium_156_rtcstats.gz"])
class TestRealDumps:
    def test_both_ends_of_a_loopback_call_sent_fifty_packets_a_second_and_lost_none(self, name: str) -> None:
        call = read_import_path(DUMPS / name)
        assert sorted(call.leg_facts) == ["8-1", "8-2"]
        assert call.browser == "Chromium 156"
        for sample in call.samples:
            assert sample.packets_per_s == pytest.approx(50, abs=5)
            assert not sample.lost
            assert sample.local_candidate is CandidateType.HOST
            assert sample.path_state is PathState.CONNECTED
        assert all(s.jitter_buffer_ms and 10 < s.jitter_buffer_ms < 100 for s in going(call, Direction.OUTBOUND)[2:])

    def test_the_set_up_and_the_microphone_are_told(self, name: str) -> None:
        call = read_import_path(DUMPS / name)
        for facts in call.leg_facts.values():
            assert facts.set_up_s is not None
            assert 0 < facts.set_up_s < 1
            assert facts.browser is not None
            assert facts.browser.ice.local == ("host/udp",)
            assert facts.browser.microphone is not None
            assert facts.browser.microphone.noise_suppression is False


def everything_but_its_file(call: ImportedCall) -> tuple[object, ...]:
    return call.kind, call.samples, call.leg_facts, call.notes, call.begun_at, call.browser


@pytest.mark.parametrize("form", FORMS)
class TestEveryForm:
    def test_the_figures_are_those_of_the_call(self, form: Form) -> None:
        call = read(internals_bytes(Talk(seconds=21, loss=0.02, jitter_s=0.004, rtt_s=0.08), form=form))
        assert {s.vantage for s in call.samples} == {Vantage.BROWSER}
        heard = going(call, Direction.OUTBOUND)
        assert len(heard) == 20
        assert sum(s.lost or 0 for s in heard) == 20
        assert all(s.packets + (s.lost or 0) == 50 for s in heard)
        assert {s.jitter_ms for s in heard} == {4.0}
        assert [s.rtt_ms for s in heard] == [80.0] * 20
        assert [s.jitter_buffer_ms for s in heard] == pytest.approx([40.0] * 20)
        assert [s.jitter_buffer_target_ms for s in heard] == pytest.approx([30.0] * 20)
        assert sum(s.concealed_pct or 0 for s in heard) / 20 == pytest.approx(2.0)
        assert heard[-1].level_dbfs == pytest.approx(-20.0)

    def test_what_the_far_end_reports_is_held_against_what_was_sent_since_its_last_report(self, form: Form) -> None:
        sent = going(read(internals_bytes(Talk(seconds=21, loss=0.02), form=form)), Direction.INBOUND)
        assert [(s.lost, s.expected) for s in sent if s.lost is not None] == [(5, 250)] * 3
        assert {s.jitter_ms for s in sent[8:]} == {3.0}
        assert sent[-1].packet_send_delay_ms == pytest.approx(2.0)
        assert [s.level_dbfs for s in sent[-3:]] == pytest.approx([-24.44, -23.1, -26.02], abs=0.01)

    def test_the_path_and_the_set_up_are_told(self, form: Form) -> None:
        call = read(internals_bytes(Talk(relay="tls"), form=form))
        (facts,) = call.leg_facts.values()
        last = call.samples[-1]
        assert (last.local_candidate, last.remote_candidate) == (CandidateType.RELAY, CandidateType.SERVER_REFLEXIVE)
        assert (last.path_transport, last.path_state) == (PathTransport.TLS, PathState.CONNECTED)
        assert facts.browser is not None
        assert facts.browser.ice.has_turn
        assert {"host/udp", "relay/tls"} <= set(facts.browser.ice.local)
        assert facts.browser.ice.remote == ("srflx/udp",)
        # Old forms write whole seconds.
        assert facts.set_up_s == pytest.approx(0.3, abs=0.31)

    def test_the_browser_and_its_microphone_are_named(self, form: Form) -> None:
        call = read(internals_bytes(Talk(), form=form))
        assert call.browser == f"Chrome {form.value}"
        (facts,) = call.leg_facts.values()
        assert facts.browser is not None
        assert facts.browser.platform == "Windows"
        assert facts.browser.microphone is not None
        assert facts.browser.microphone.noise_suppression is True

    def test_a_packed_file_says_the_same(self, form: Form) -> None:
        content = internals_bytes(Talk(), form=form)
        assert read(gzip.compress(content)) == read(content)

    def test_events_of_a_clock_in_another_time_zone_are_put_on_the_calls_clock(self, form: Form) -> None:
        call = read(internals_bytes(Talk(), form=form))
        assert call.begun_at == pytest.approx(BEGUN_MS / 1000, abs=1.0)
        assert [note.code for note in call.notes] == ["participant_connected"]
        assert call.notes[0].at_s == pytest.approx(0.4, abs=0.7)


def test_lines_of_an_rtcstats_dump_say_the_same_as_the_object() -> None:
    talks = Talk(loss=0.02), Talk(name="8-2", is_listener=True, rtt_s=0.3)
    lines, whole = read(rtcstats_bytes(*talks)), read(internals_bytes(*talks))
    assert lines.kind is ImportKind.RTCSTATS
    assert [(s.leg_id, s.direction, s.packets, s.lost, s.rtt_ms, s.jitter_buffer_ms) for s in lines.samples] == [
        (s.leg_id, s.direction, s.packets, s.lost, s.rtt_ms, s.jitter_buffer_ms) for s in whole.samples
    ]


def test_a_report_that_holds_only_what_changed_is_completed() -> None:
    first, *lines = rtcstats_bytes(Talk(seconds=10)).split(b"\n")
    seen: dict[tuple[str, str], object] = {}
    packed = [first]
    for line in lines:
        event = json.loads(line)
        if isinstance(event, list) and event[0] == "getStats":
            for name, report in event[2].items():
                event[2][name] = {k: v for k, v in report.items() if seen.get((name, k)) != v or k == "timestamp"}
                seen.update({(name, k): v for k, v in report.items()})
        packed.append(json.dumps(event).encode())
    assert everything_but_its_file(read(b"\n".join(packed))) == everything_but_its_file(
        read(b"\n".join([first, *lines]))
    )


def test_a_listener_sends_nothing_on_purpose() -> None:
    (facts,) = read(internals_bytes(Talk(is_listener=True))).leg_facts.values()
    assert facts.is_listener


def test_video_is_left_out_and_counted() -> None:
    call = read(internals_bytes(Talk(videos=3)))
    assert call.left_out[LeftOut.VIDEO] == 3
    assert len(call.samples) == 38


def test_a_connection_that_never_found_a_path_is_kept_with_its_events() -> None:
    call = read(internals_bytes(Talk(fails=True)))
    (facts,) = call.leg_facts.values()
    assert call.samples == ()
    assert facts.connected_at_s is None
    assert facts.browser is not None
    assert facts.browser.ice.errors == (701,)
    assert [(note.code, round(note.at_s)) for note in call.notes] == [("participant_lost", 15)]


def test_growth_of_the_jitter_buffer_is_seen() -> None:
    heard = going(read(internals_bytes(Talk(seconds=31, buffer_growth_s=0.001))), Direction.OUTBOUND)
    assert heard[-1].jitter_buffer_ms - heard[0].jitter_buffer_ms == pytest.approx(29.0)  # type: ignore[operator]


class TestRefused:
    def test_figures_of_the_old_getstats_are_named_as_what_they_are(self) -> None:
        with pytest.raises(ImportedFileOld, match="old getStats"):
            read(internals_bytes(Talk(), form=Form.LEGACY))

    def test_a_packed_rtcstats_dump_is_named_as_what_it_is(self) -> None:
        with pytest.raises(ImportedFileOld, match="packed as numbers"):
            read(b'RTCStatsDump\n{"fileFormat":3}\n[17,"8-1",{},1]')
        with pytest.raises(ImportedFileOld, match="another version"):
            read(b'RTCStatsDump\n{"fileFormat":2}\n')

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"[1, 2]", b"\x89PNG\r\n", b"leg_id,direction\n"])
    def test_anything_else_is_not_read(self, content: bytes) -> None:
        with pytest.raises(ImportedFileUnknown):
            read(content)

    @pytest.mark.parametrize("content", [b"{}", b'{"PeerConnections": {}}', b'RTCStatsDump\n{"fileFormat":3}\n'])
    def test_a_dump_without_sound_says_so(self, content: bytes) -> None:
        with pytest.raises(ImportedFileSilent):
            read(content)

    def test_what_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ImportedFileUnreadable, match="No such file"):
            read_import_path(tmp_path / "nothing.txt")

    def test_damage_is_found_at_its_byte_and_its_key(self) -> None:
        content = internals_bytes(*(Talk(name=f"8-{number}", seconds=200) for number in range(9)))
        at = content.index(b'"statsType"', len(content) // 2)
        with pytest.raises(ImportedFileBroken) as caught:
            read(content[:at] + b"~" + content[at:])
        assert caught.value.offset == at
        assert str(caught.value.place).startswith("PeerConnections/8-")

    def test_a_line_that_is_no_json_is_named(self) -> None:
        content = rtcstats_bytes(Talk())
        at = content.index(b"\n", 3_000) + 1
        with pytest.raises(ImportedFileBroken) as caught:
            read(content[:at] + b"[oops" + content[at:])
        assert caught.value.offset == at + 1
        assert str(caught.value.place) == f"line {content[:at].count(chr(10).encode()) + 1}"

    def test_one_endless_value_does_not_fill_the_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webrtc_internals, "LONGEST_VALUE_MB", 1)
        with pytest.raises(ImportedFileBroken, match="longer than 1 MB"):
            read(b'{"PeerConnections": {"8-1": {"url": "' + b"x" * 2_500_000)

    def test_a_small_file_that_unpacks_without_end_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.quality.dump_file.LARGEST_MB", 1)
        with pytest.raises(ImportedFileTooLarge):
            read(gzip.compress(b'{"a": [' + b"0, " * 1_000_000))


CONTENTS = {
    "object": internals_bytes(Talk(seconds=4)),
    "old object": internals_bytes(Talk(seconds=4), form=Form.OLD),
    "lines": rtcstats_bytes(Talk(seconds=4)),
    "packed object": gzip.compress(internals_bytes(Talk(seconds=4))),
    "packed lines": gzip.compress(rtcstats_bytes(Talk(seconds=4))),
}


@settings(max_examples=200)
@given(kind=st.sampled_from(sorted(CONTENTS)), share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_ends_anywhere_is_refused_in_words_or_read_up_to_there(kind: str, share: float) -> None:
    content = CONTENTS[kind]
    # Lines are whole at each of their ends.
    with suppress(ImportedFileError) if "lines" in kind else pytest.raises(ImportedFileError, match=r"dump\.txt"):
        assert len(read(content[: int(len(content) * share)]).samples) <= len(read(content).samples)


@settings(max_examples=200)
@given(kind=st.sampled_from(sorted(CONTENTS)), seed=st.integers(0, 2**32), count=st.integers(1, 8))
def test_damage_anywhere_is_refused_in_words_or_does_no_harm(kind: str, seed: int, count: int) -> None:
    content, chance = bytearray(CONTENTS[kind]), random.Random(seed)
    for _ in range(count):
        content[chance.randrange(len(content))] = chance.randrange(256)
    try:
        call = read(bytes(content))
    except ImportedFileError:
        return
    assert all(sample.period_s > 0 and sample.at_s >= 0 for sample in call.samples)


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    ),
    st.sampled_from(["stats", "updateLog", "rtcConfiguration", "getUserMedia", "UserAgent", "UserAgentData", "values"]),
)
def test_a_value_of_any_kind_anywhere_does_no_harm(value: object, where: str) -> None:
    dump = internals(Talk(seconds=3))
    connection = dump["PeerConnections"]["8-1"]
    if where == "values":
        connection["stats"]["IT01A1-jitter"]["values"] = json.dumps(value)
    elif where in connection:
        connection[where] = value
    else:
        dump[where] = value
    try:
        read(json.dumps(dump).encode())
    except ImportedFileSilent:
        assert where == "stats"


IMPOSSIBLE = ["NaN", "Infinity", "1e400", "1" + "0" * 400, '["a"]', "{}", "null", "0", "-1", "1e18"]
NUMBER = re.compile(rb"""(?<=[:,\[ ])(-?\d+(\.\d+)?|"[a-z-]+")(?=[,\]} ])""")


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(["object", "old object", "lines"]),
    seed=st.integers(0, 2**32),
    value=st.sampled_from(IMPOSSIBLE),
)
def test_a_number_that_is_none_is_passed_over_or_refused_in_words(kind: str, seed: int, value: str) -> None:
    """A time of 0 among those of today once took seven gigabytes to judge."""
    content = CONTENTS[kind]
    start, end = random.Random(seed).choice([found.span() for found in NUMBER.finditer(content)])
    try:
        call = read(content[:start] + value.encode() + content[end:])
    except ImportedFileError:
        return
    judged(call.samples, call.leg_facts, call.notes, call.end_s)


@pytest.mark.parametrize(
    "figures", [{"at_s": float("nan")}, {"period_s": 0.0}, {"jitter_ms": float("inf")}, {"packets": -1}, {"at_s": 1e17}]
)
def test_samples_that_nobody_can_have_measured_are_refused(figures: dict[str, float]) -> None:
    good = measured(1)
    assert read(samples_parquet([good])).samples == (good,)
    with pytest.raises(ImportedFileBroken):
        read(samples_parquet([good, replace(good, **figures)]))  # type: ignore[arg-type]


def test_figures_that_lie_years_apart_or_of_a_thousand_legs_are_too_many_to_compare() -> None:
    good = measured(1)
    with pytest.raises(ImportedFileTooLarge):
        read(samples_parquet([good, replace(good, at_s=1e9)]))
    with pytest.raises(ImportedFileTooLarge):
        read(samples_parquet([replace(good, leg_id=LegId(f"leg{number}")) for number in range(MOST_LEGS + 1)]))


@pytest.mark.parametrize("inner", ["[" * 70 + "]" * 70, "[" + "0," * 140_000 + "0]"])
def test_one_value_of_endless_parts_does_not_fill_the_memory(inner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc_internals, "LONGEST_VALUE_MB", 1)
    with pytest.raises(ImportedFileBroken, match="one value is"):
        read(b'{"PeerConnections": {}, "UserAgentData": ' + inner.encode() + b"}")


def test_connections_beyond_those_that_are_compared_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.quality.dump_call.MOST_LEGS", 2)
    monkeypatch.setattr("core.quality.rtcstats.MOST_CONNECTIONS", 3)
    talks = [Talk(name=f"8-{number}", seconds=4) for number in range(4)]
    for content in (internals_bytes(*talks), rtcstats_bytes(*talks)):
        call = read(content)
        assert len(call.leg_facts) == 2
        assert call.left_out[LeftOut.SAMPLES] > 0


def test_the_progress_rises_to_the_whole() -> None:
    told: list[float] = []
    content = internals_bytes(*(Talk(name=f"8-{number}", seconds=300) for number in range(9)))
    read_import("dump.txt", io.BytesIO(content), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 5
