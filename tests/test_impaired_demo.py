"""A demo call that is impaired is diagnosed with just that, from what the server alone measures of it."""

import time
from collections.abc import Iterator, Sequence

import pytest

from core.backend import Backend
from core.model.diagnosis import Cause, Diagnosis
from core.model.health import PartState
from core.model.impairment import CLEAN, Impairment
from core.model.sample import Direction, RtpSample
from core.quality.diagnosis import diagnose
from core.settings import Settings
from tests.support.namespace import namespace_marks, own_namespace
from tests.support.waiting import wait_for

pytestmark = namespace_marks()

CHRIS = "Chris"
SETTLE_S = 3.0
"""What was on its way when an impairment changed, and what the figures still say of before."""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with own_namespace():
        backend = Backend(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("demo"), log_level="WARNING"))
        try:
            assert wait_for(lambda: all(part.state is not PartState.STARTING for part in backend.health()), 60.0)
            yield backend
        finally:
            backend.close()


class Demo:
    """A running demo call, and what is measured of it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._call_id = backend.start_demo("test").id
        self.chris = next(p for p in self._people() if p.name == CHRIS).id
        assert wait_for(lambda: len({s.leg_id for s in self._samples()}) == 2, 15.0)

    def _people(self):
        return self._backend.snapshot(self._call_id).call.participants

    def _samples(self) -> Sequence[RtpSample]:
        return self._backend.snapshot(self._call_id).samples

    @property
    def legs(self) -> dict[str, str]:
        """Leg id by the voice's name."""
        return {p.name: p.leg_id for p in self._people()}

    def found_while(self, impairment: Impairment, seconds: float) -> tuple[Diagnosis, ...]:
        """What is diagnosed from so many seconds in which Chris's side is impaired."""
        self._backend.impair(self._call_id, self.chris, impairment)
        time.sleep(SETTLE_S)
        since_s = self._backend.snapshot(self._call_id).now_s
        time.sleep(seconds)
        samples = [s for s in self._samples() if s.at_s - s.period_s >= since_s]
        found = diagnose(samples, {}, (), None)
        chris = [s for s in samples if s.leg_id == self.legs[CHRIS] and s.direction is Direction.INBOUND]
        print(impairment.kinds, chris[-1], found, sep="\n  ")
        return found

    def end(self) -> None:
        self._backend.end_call(self._call_id)


@pytest.fixture
def demo(backend: Backend) -> Iterator[Demo]:
    demo = Demo(backend)
    yield demo
    demo.end()


def causes(demo: Demo, found: Sequence[Diagnosis]) -> list[tuple[Cause, str | None, Direction | None]]:
    """The causes, and whose leg each is about; the machine of the tests is too slow now and then, which is true."""
    names = {leg_id: name for name, leg_id in demo.legs.items()}
    return [
        (each.cause, names.get(each.leg_id), each.direction)
        for each in found
        if each.cause is not Cause.SERVER_OVERLOAD
    ]


def test_each_impairment_of_a_demo_is_diagnosed_as_itself_and_nothing_else(demo: Demo) -> None:
    assert causes(demo, demo.found_while(CLEAN, 12.0)) == []
    lossy = demo.found_while(Impairment(loss_pct=8), 16.0)
    assert causes(demo, lossy) == [(Cause.ACCESS_NETWORK, CHRIS, Direction.INBOUND)]
    jittery = demo.found_while(Impairment(jitter_ms=160), 16.0)
    assert causes(demo, jittery) == [(Cause.ACCESS_NETWORK, CHRIS, Direction.INBOUND)]
    dead = demo.found_while(Impairment(is_microphone_dead=True), 14.0)
    assert causes(demo, dead) == [(Cause.DEAD_MICROPHONE, CHRIS, Direction.INBOUND)]
    blocked = demo.found_while(Impairment(is_blocked=True), 10.0)
    assert causes(demo, blocked) == [(Cause.ONE_WAY_AUDIO, CHRIS, Direction.INBOUND)]


def test_a_drifting_clock_is_diagnosed_in_three_quarters_of_a_minute(demo: Demo) -> None:
    found = demo.found_while(Impairment(drift_ms_per_min=120), 45.0)
    assert causes(demo, found) == [(Cause.TIMESTAMP_DRIFT, CHRIS, Direction.INBOUND)]
    (gain, *_) = found[0].evidence
    assert gain.value == pytest.approx(120, abs=20)
