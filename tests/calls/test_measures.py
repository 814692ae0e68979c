"""What was measured of a call, from the store, the files and memory; and nothing of a silent listener."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from core.calls.archive import CallArchive
from core.calls.measures import CallMeasures, measures_without_listeners
from core.model.call import CallId, LegId, Participant, ParticipantId, Role
from core.model.diagnosis import Cause, Diagnosis
from core.model.errors import CallNotFound
from core.model.quality import AlertKind, BufferDrift, CallQuality
from core.quality.frames import sample_frame
from core.quality.stored_frames import StoredFrame
from core.store.records import Store
from tests.fakes.measured_call import AGENT_LEG, FIRST_LEG, JITTER_S, LOSS_S, keep_measured_call, samples
from tests.fakes.page_backend import make_snapshot

LENGTH_S = 700


def archive_of(folder: Path) -> CallArchive:
    """An archive of what is in a data folder. Nothing here runs, is written or corrected."""
    store = Store.open(f"sqlite:///{folder / 'earshot.db'}")
    return CallArchive(store, None, folder / "samples", None, None, None, None, None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("measured")
    keep_measured_call(folder, "c1", LENGTH_S)
    return folder


def test_a_call_that_is_over_has_all_its_samples_and_is_judged_by_them(folder: Path) -> None:
    measures = archive_of(folder).measures(CallId("c1"))
    assert len(measures.stored.frame) == len(list(samples(LENGTH_S)))
    (loss,) = [
        alert
        for alert in measures.picture.quality.alerts
        if (alert.kind, alert.leg_id) == (AlertKind.PACKET_LOSS, FIRST_LEG)
    ]
    assert LOSS_S[0] < loss.raised_at_s < LOSS_S[0] + 5
    assert measures.picture.now_s >= LENGTH_S - 1
    assert JITTER_S[0] > LENGTH_S


def test_a_second_look_judges_as_the_first_did_until_samples_are_added(tmp_path: Path) -> None:
    keep_measured_call(tmp_path, "c1", 90)
    archive = archive_of(tmp_path)
    first = archive.measures(CallId("c1")).picture.quality
    assert archive.measures(CallId("c1")).picture.quality is first
    (tmp_path / "samples" / "c1" / "00001.parquet").unlink()
    assert archive.measures(CallId("c1")).picture.quality is not first


def test_of_a_running_call_what_is_in_memory_alone_is_there_too(folder: Path) -> None:
    after = [replace(each, at_s=each.at_s + LENGTH_S) for each in samples(10)]
    live = make_snapshot(archive_of(folder).measures(CallId("c1")).picture.call, samples=tuple(after), now_s=711.0)
    measures = archive_of(folder).measures(CallId("c1"), live)
    assert measures.picture is live
    assert measures.stored.frame["at_s"].max() == LENGTH_S + 10
    stretch = archive_of(folder).window(CallId("c1"), (695.0, 705.0), live).stored.frame
    assert (stretch["at_s"].min(), stretch["at_s"].max()) == (695.0, 705.0)


def test_a_call_that_nobody_knows_is_not_found(folder: Path) -> None:
    with pytest.raises(CallNotFound):
        archive_of(folder).measures(CallId("none"))
    with pytest.raises(CallNotFound):
        archive_of(folder).window(CallId("none"), (0.0, 10.0))


def test_who_listens_in_silence_leaves_no_figure(folder: Path) -> None:
    heard = archive_of(folder).measures(CallId("c1"))
    listener = Participant(ParticipantId("p9"), "Sue", Role.SUPERVISOR, 0.0, LegId("l9"))
    own = [replace(each, leg_id=LegId("l9"), level_dbfs=Random(1).random()) for each in samples(5)]
    found = Diagnosis(Cause.PATH_LOST, LegId("l9"), None, 1.0, 2.0, ())
    drift = BufferDrift(LegId("l9"), 0.0, 0.0, 0.0, 120.0, 40.0)
    with_listener = CallMeasures(
        replace(
            heard.picture,
            call=replace(heard.picture.call, participants=(*heard.picture.call.participants, listener)),
            legs={**heard.picture.legs, LegId("l9"): listener.id},
            quality=CallQuality(diagnoses=(found,), drifts=(drift,)),
        ),
        StoredFrame(sample_frame([*samples(5), *own])),
    )
    assert "l9" in set(with_listener.stored.frame["leg_id"])
    shown = measures_without_listeners(with_listener)
    assert set(shown.stored.frame["leg_id"]) == {AGENT_LEG, FIRST_LEG}
    assert "l9" not in str(replace(shown.picture, revision=0))
    assert "Sue" not in str(shown.picture)
