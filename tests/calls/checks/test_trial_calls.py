"""Trial calls against a real media process: they carry sound, end by themselves, and touch no other call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.calls.checks.loopback import judged, loopback
from core.calls.checks.trial_calls import MOST_AT_ONCE, Trial, TrialCalls
from core.media.events import LegChanged, PlaybackKind
from core.media.player import FileClient
from core.media.sound_file import SoundFile
from core.model.call import LegId, LegState
from core.model.check import CheckState
from core.model.errors import OfferRefused, RelayUnreachable, TrialsBusy
from core.model.sample import Direction, RtpSample, Vantage
from core.settings import PROJECT_ROOT
from tests.media.rig import Rig, media_rig, write_tone
from tests.support.namespace import namespace_marks

pytestmark = [*namespace_marks(), pytest.mark.usefixtures("namespace")]

VOICES = (PROJECT_ROOT / "demo" / "agent.ogg", PROJECT_ROOT / "demo" / "customer.ogg")


@pytest.fixture
async def rig(namespace: tuple[str, str]) -> AsyncIterator[Rig]:
    async with media_rig() as rig:
        yield rig


def trials_of(rig: Rig, **options: float) -> TrialCalls:
    numbers = iter(range(100))
    trials = TrialCalls(rig.media, lambda: str(next(numbers)), **options)
    take = rig._take

    def tap(event: object) -> None:
        trials.take(event)
        take(event)

    rig.media._on_event = tap
    return trials


async def an_offer() -> str:
    """A description as a client makes it, of a connection that nobody goes on with."""
    offers: list[str] = []

    async def keep(offer: str) -> str:
        offers.append(offer)
        raise RelayUnreachable(server="")

    client = FileClient(SoundFile(Path("none.wav")), keep)
    with pytest.raises(RelayUnreachable):
        await client.connect()
    await client.close()
    return offers[0]


def live(rig: Rig) -> set[LegId]:
    last = {change.leg_id: change.state for change in rig.of(LegChanged)}
    return {leg_id for leg_id, state in last.items() if state not in (LegState.CLOSED, LegState.LOST)}


async def test_a_loopback_call_is_measured_beside_a_call_that_goes_on_untouched(rig: Rig, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 440, 2.0)
    alice = await rig.connect("alice", tone)
    bob = await rig.connect("bob", tone)
    await rig.route(alice=["bob"], bob=["alice"])
    await rig.until_hears(bob, 440)
    finding = await loopback(trials_of(rig), VOICES)
    assert finding.state in (CheckState.GOOD, CheckState.WARNING)
    assert str(finding.found[0]).startswith("MOS ")
    await rig.until_hears(bob, 440)
    assert live(rig) == {alice.leg_id, bob.leg_id}


async def test_what_a_trial_leaves_behind_is_nothing(rig: Rig) -> None:
    trials = trials_of(rig)
    offer = await an_offer()
    answers = await trials.connect("ann", offer, offer)
    assert "m=audio" in answers.speaking
    assert "a=sendonly" in answers.hearing, "the server sends on it and listens to nothing"
    await trials.end("ann")
    await trials.end("ann")
    await rig.until_idle()
    assert not trials._by_leg


async def test_a_trial_ends_by_itself_when_its_tab_was_closed(rig: Rig) -> None:
    trials = trials_of(rig, longest_s=0.2)
    offer = await an_offer()
    await trials.connect("ann", offer, offer)
    await rig.until_idle()
    assert not trials._of


async def test_a_new_trial_ends_the_former_of_the_same_person_and_too_many_are_refused(rig: Rig) -> None:
    trials = trials_of(rig)
    offer = await an_offer()
    first = await trials.connect("ann", offer, offer)
    second = await trials.connect("ann", offer, offer)
    assert first.call_id != second.call_id
    await rig.until(lambda: len(live(rig)) == 2)
    for number in range(MOST_AT_ONCE - 1):
        await trials.connect(f"other-{number}", offer, offer)
    with pytest.raises(TrialsBusy):
        await trials.connect("one too many", offer, offer)
    await trials.close()
    await rig.until_idle()


async def test_an_offer_that_is_none_is_refused_and_nothing_is_left(rig: Rig) -> None:
    trials = trials_of(rig)
    with pytest.raises(OfferRefused):
        await trials.connect("ann", "no offer at all", "no offer at all")
    assert not trials._of
    await rig.until_idle()


async def test_samples_of_other_legs_are_nothing_to_a_trial(rig: Rig) -> None:
    trials = TrialCalls(rig.media, lambda: "x")
    trial: Trial = await trials.open(is_both_ways=True)
    trials.take(sample(Direction.INBOUND, leg="alice"))
    trials.take(sample(Direction.INBOUND, leg=trial.legs[0]))
    assert [each.leg_id for each in trial.samples] == [trial.legs[0]]
    await trials.close_trial(trial)


def sample(direction: Direction, *, leg: str = "a", packets: int = 50, **figures: float | int | None) -> RtpSample:
    return RtpSample(LegId(leg), direction, Vantage.SERVER, 1.0, 1.0, packets, packets * 60, **figures)


def both(**figures: float | int | None) -> list[RtpSample]:
    packets = int(figures.pop("packets", 50) or 0)
    rtt = figures.pop("rtt_ms", 1.0)
    late = figures.pop("late_ms", 2.0)
    inbound = sample(Direction.INBOUND, packets=packets, **{"jitter_ms": 1.0, "lost": 0, **figures})
    outbound = sample(Direction.OUTBOUND, packets=packets, jitter_ms=1.0, rtt_ms=rtt, send_deviation_p99_ms=late)
    return [inbound, outbound] * 6


@pytest.mark.parametrize(
    ("samples", "kind", "state", "words"),
    [
        (both(), PlaybackKind.NETWORK, CheckState.GOOD, "MOS 4.4: round trip 1.0 ms, jitter 1.0 ms, loss 0.0 %"),
        (both(lost=10), PlaybackKind.NETWORK, CheckState.WARNING, "loss 16.7 %"),
        (both(late_ms=35.0), PlaybackKind.NETWORK, CheckState.WARNING, "35.0 ms beside their slot"),
        (both(packets=30), PlaybackKind.NETWORK, CheckState.WARNING, "30 packets a second"),
        (both(rtt_ms=None), PlaybackKind.NETWORK, CheckState.WARNING, "the far end reported nothing"),
        (both(packets=0), PlaybackKind.NETWORK, CheckState.FAILED, "No sound came through"),
        ([], PlaybackKind.NETWORK, CheckState.FAILED, "No sound came through"),
        (both(rtt_ms=None), PlaybackKind.DIRECT, CheckState.GOOD, "only a loopback address"),
    ],
)
def test_what_was_measured_is_judged(
    samples: list[RtpSample], kind: PlaybackKind, state: CheckState, words: str
) -> None:
    finding = judged(samples, kind)
    assert finding.state is state
    assert words in str(finding.found[0])
    assert (finding.cure is None) == (state is CheckState.GOOD)


async def test_a_trial_is_closed_when_its_voices_cannot_be_played(rig: Rig) -> None:
    trials = trials_of(rig)
    with pytest.raises(Exception, match="cannot be played"):
        await loopback(trials, (Path("none.ogg"), Path("none.ogg")))
    await rig.until_idle()
    assert not trials._by_leg
