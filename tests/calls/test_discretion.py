"""Private monitoring: what a picture shows of supervisors to those who must not learn that one listens."""

from dataclasses import replace
from itertools import pairwise

from core.api.stream import changes
from core.calls.discretion import shown_notes, without_listeners
from core.model.call import LegState, Participant, Role, SupervisionMode
from core.model.snapshot import CallSnapshot, Note
from tests.calls.conftest import World
from tests.calls.test_session import notes
from tests.quality.stream import sample


def codes(picture: CallSnapshot) -> list[str]:
    return [note.code for note in picture.notes if note.code.startswith("supervision")]


async def test_who_monitors_leaves_no_trace_in_the_picture(world: World) -> None:
    session = await world.call()
    await world.connected(session, Role.AGENT, "민수")
    sue: Participant = await world.connected(session, Role.SUPERVISOR, "Sue")
    leg_id = session.call.participants[1].leg_id
    assert leg_id is not None
    session.measured(sample(session.record.origin + 1.0, leg_id=leg_id))
    await session.tick()
    full = session.record.snapshot()
    shown = without_listeners(full)
    for trace in ("Sue", sue.id, leg_id):
        assert trace in str(full)
        assert trace not in str(replace(shown, revision=0))
    assert [p.name for p in shown.call.participants] == ["민수"]
    await session.leave(sue.id)
    assert codes(without_listeners(session.record.snapshot())) == []
    assert notes(session)[-1] == "supervision_left"


async def test_who_is_heard_is_shown_and_who_falls_silent_reads_as_gone(world: World) -> None:
    session = await world.call()
    sue = await world.connected(session, Role.SUPERVISOR, "Sue")
    seen = []
    for mode in (SupervisionMode.COACH, SupervisionMode.TAKE_OVER, SupervisionMode.MONITOR, SupervisionMode.BARGE_IN):
        await session.set_mode(sue.id, mode)
        seen.append([p.mode for p in without_listeners(session.record.snapshot()).call.participants])
    assert seen == [[SupervisionMode.COACH], [SupervisionMode.TAKE_OVER], [], [SupervisionMode.BARGE_IN]]
    leg_id = session.call.participants[0].leg_id
    assert leg_id is not None
    await session.leg_changed(leg_id, LegState.LOST)
    assert codes(without_listeners(session.record.snapshot())) == [
        "supervision_coach",
        "supervision_take_over",
        "supervision_left",
        "supervision_barge_in",
        "supervision_lost",
    ]


async def test_a_stream_of_discreet_pictures_tells_of_no_listener(world: World) -> None:
    session = await world.call()
    before = without_listeners(session.record.snapshot())
    sue = await world.connected(session, Role.SUPERVISOR, "Sue")
    silent = without_listeners(session.record.snapshot())
    assert set(changes(before, silent, str)) == {"reset", "revision", "now_s"}
    await session.set_mode(sue.id, SupervisionMode.BARGE_IN)
    heard = changes(silent, without_listeners(session.record.snapshot()), str)
    assert [p["mode"] for p in heard["call"]["participants"]] == ["barge_in"]
    assert [note["code"] for note in heard["notes"]] == ["supervision_barge_in"]


def test_shown_notes_only_ever_grow() -> None:
    names = ("supervision_monitor", "supervision_coach", "supervision_lost", "supervision_monitor", "supervision_left")
    made = tuple(Note(float(at), code, "Sue") for at, code in enumerate((*names, "participant_left", *names)))
    shown = [shown_notes(made[:count]) for count in range(len(made) + 1)]
    for before, after in pairwise(shown):
        assert after[: len(before)] == before
