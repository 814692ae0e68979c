"""Two browsers in a call through a rough network, and what was measured of it."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.model.call import CallId, LegId
from core.model.diagnosis import Cause, Diagnosis
from core.model.sample import Direction, RtpSample, Vantage
from core.model.stored_call import StoredCall
from core.quality.diagnosis import diagnose
from core.quality.rollup_files import RollupFiles
from core.quality.segments import read_samples
from core.store.records import Store
from tests.e2e.conftest import OpenPage
from tests.fakes.udp_proxy import UdpProxy, running_proxy
from tests.support.browser import audio_stats, begin_call, eventually, press_start
from tests.support.sound_files import SAMPLE_RATE, write_sound
from tests.support.streamlit_server import Server

OUTSIDE = "203.0.113.7"
"""Where browsers are told to find the server: there is the rough network."""
PROXY = "127.0.0.2"
PORTS = range(20_000, 20_024)
"""The server's; below those that systems give out by themselves."""
OF_THE_MACHINE = (Cause.SERVER_OVERLOAD, Cause.SPEECH_BEHIND)
"""A machine that runs the browsers, too, is measurably late now and then, and slow to recognise speech. That is true,
and not what a test injected."""
CUSTOMER = "Chris"
SEED = 20_261_128

LOCAL_PORT = """
async () => {
  const key = Symbol.for("earshot.connections");
  for (const frame of document.querySelectorAll('iframe[title^="streamlit_webrtc"]')) {
    const stats = await frame.contentWindow?.[key]?.latest?.getStats();
    for (const entry of stats?.values() ?? []) {
      if (entry.type === "transport" && entry.selectedCandidatePairId)
        return stats.get(stats.get(entry.selectedCandidatePairId).localCandidateId).port;
    }
  }
  return null;
}
"""
SHOWN = """
() => [...document.querySelectorAll('.es-wrong [role=status] li[data-key]')].map((item) => ({
  cause: item.dataset.key.split('|')[0],
  title: item.querySelector('.es-trouble-title b').textContent,
  isCertain: item.querySelector('.es-badge').hidden,
}))
"""
"""What the live page says is wrong at the moment."""
BEHIND_THE_PROXY = {"EARSHOT_MEDIA_ADDRESS": OUTSIDE, "EARSHOT_MEDIA_PORTS": f"{PORTS[0]}-{PORTS[-1]}"}


def write_murmur(path: Path, seconds: float = 20.0) -> Path:
    """What a microphone hears that is alive and understands nobody: noise that swells and fades, and is no speech."""
    random = np.random.default_rng(7)
    loud = np.repeat(random.uniform(500.0, 4000.0, int(seconds * 4)), SAMPLE_RATE // 4)
    return write_sound(path, random.normal(0.0, 1.0, len(loud)) * loud)


@contextmanager
def rough_network(server_address: str) -> Iterator[UdpProxy]:
    """Put a proxy into the way of everything that browsers send to `OUTSIDE`, and leave no other way.

    In the namespace of the calling thread; everything is as before at the end.
    """
    ports = f"{PORTS[0]}:{PORTS[-1]}"
    rules = [
        # As a router with a public address does: the ports stay the same.
        f"-t nat %s OUTPUT -p udp -d {OUTSIDE} -j DNAT --to-destination {PROXY}",
        # The server finds the browsers' own addresses by itself, and would go past the proxy.
        f"%s OUTPUT -p udp --sport {ports} ! -s {PROXY} ! -d {PROXY} -j DROP",
    ]
    _run(f"ip route add {OUTSIDE} dev va")
    for rule in rules:
        _run("iptables " + rule % "-I")
    try:
        with running_proxy(PROXY, server_address, PORTS, Random(SEED)) as proxy:
            yield proxy
    finally:
        for rule in rules:
            _run("iptables " + rule % "-D")
        _run(f"ip route del {OUTSIDE}")


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True, timeout=20)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one vantage measured of one direction of the customer's leg, over a stretch of time."""

    loss_pct: float
    jitter_ms: float
    packets_per_s: float


class MeasuredCall:
    """A call between an agent and a customer in two browsers.

    Figures can be asked for once it has ended: they are read from the files that it left.
    """

    def __init__(self, server: Server, open_page: OpenPage, browser: Browser) -> None:
        self.server = server
        self.agent = open_page(server.url, browser=browser)
        link = begin_call(self.agent)
        self.id = CallId(self.agent.url.rpartition("=")[2])
        self.customer = open_page(link, browser=browser, width=400, height=740)
        self.customer.get_by_label("Your name").fill(CUSTOMER)
        self.customer.get_by_label("Your name").press("Enter")
        for page in (self.agent, self.customer):
            press_start(page)
        for page in (self.agent, self.customer):
            eventually(page, lambda page=page: _is_connected(page), "the leg is connected", limit_s=40)

    @property
    def customer_port(self) -> int:
        """The UDP port that the customer's browser sends from."""
        port: int | None = None

        def is_known() -> bool:
            nonlocal port
            port = self.customer.evaluate(LOCAL_PORT)
            return port is not None

        eventually(self.customer, is_known, "a path is chosen")
        assert port is not None
        return port

    def wait(self, seconds: float) -> tuple[float, float]:
        """Let time pass; from when to when, in monotonic seconds."""
        since_s = time.monotonic()
        self.agent.wait_for_timeout(1000 * seconds)
        return since_s, time.monotonic()

    def expect_shown(self, *causes: Cause) -> None:
        """Wait until the agent's page shows these causes at work, and see that it then shows no others."""

        def shown() -> list[dict[str, object]]:
            found: list[dict[str, object]] = self.agent.evaluate(SHOWN)
            print(f"  shown: {[each['title'] for each in found]}")
            return [each for each in found if each["cause"] not in OF_THE_MACHINE or not each["isCertain"]]

        expected = sorted(causes)
        try:
            eventually(self.agent, lambda: sorted(str(each["cause"]) for each in shown()) == expected, "these causes")
        except AssertionError:
            self.end()
            self.require_calm()
            raise

    def end(self) -> None:
        """End the call, and wait until everything of it is kept."""
        ended = time.monotonic()
        button = self.agent.get_by_role("button", name="End call")
        expect(button).to_have_count(1, timeout=15_000)
        button.click()
        self.agent.get_by_role("button", name="End it now").click()
        eventually(self.agent, self._is_kept, "the call is kept", limit_s=40)
        self._stored = self._load()
        # The one clock of the machine, as this process and the server's see it.
        self._origin_s = ended - (time.time() - self._stored.call.created_at) + (time.monotonic() - ended)
        self.samples = read_samples(self.server.data_dir / "samples", self.id).samples

    def _load(self) -> StoredCall:
        store = Store.open(f"sqlite:///{self.server.data_dir / 'earshot.db'}")
        try:
            return store.load_call(self.id)
        finally:
            store.close()

    def _is_kept(self) -> bool:
        """A call's rollup is made of its records and samples, so it is written after the last of them."""
        return self.id in RollupFiles(self.server.data_dir / "rollups").call_ids()

    def leg_of(self, name: str) -> LegId:
        """A participant's latest leg."""
        person = next(p for p in self._stored.call.participants if p.name == name)
        assert person.leg_id is not None
        return person.leg_id

    def of_customer(self, direction: Direction, vantage: Vantage, stretch: tuple[float, float]) -> list[RtpSample]:
        """The customer's samples whose periods lie within a stretch of time."""
        since_s, until_s = (moment - self._origin_s for moment in stretch)
        return [
            sample
            for sample in self.samples
            if (sample.leg_id, sample.direction, sample.vantage) == (self.leg_of(CUSTOMER), direction, vantage)
            and since_s <= sample.at_s - sample.period_s
            and sample.at_s <= until_s
        ]

    def figures(self, direction: Direction, vantage: Vantage, stretch: tuple[float, float]) -> Figures:
        """What a vantage measured of the customer's leg."""
        samples = self.of_customer(direction, vantage, stretch)
        assert len(samples) > 8, f"{vantage} measured {direction} {len(samples)} times only"
        counted = [
            (s.lost, s.packets + s.lost if s.expected is None else s.expected) for s in samples if s.lost is not None
        ]
        jitters = [s.jitter_ms for s in samples if s.jitter_ms is not None]
        return Figures(
            loss_pct=100.0 * sum(lost for lost, _ in counted) / max(1, sum(expected for _, expected in counted)),
            jitter_ms=float(np.mean(jitters)),
            packets_per_s=sum(s.packets for s in samples) / sum(s.period_s for s in samples),
        )

    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What is behind the trouble of the call, from all that is kept of it."""
        return diagnose(self.samples, self._stored.leg_facts, self._stored.notes, self.samples[-1].at_s)

    def require_calm(self) -> None:
        """Skip the rest of the test, loudly, where the server itself was measured to be late.

        A machine that runs browsers and other tests, too, may be. The diagnosis then says so, rightly, and leaves loss
        and jitter of the same time to no network: nothing can be said of those.
        """
        late = [each for each in self.diagnoses() if each.cause is Cause.SERVER_OVERLOAD and each.is_certain]
        if late:
            figures = ", ".join(f"{each.figure} {each.value}" for each in late[0].evidence)
            pytest.skip(f"NOT TESTED: this machine was too busy for real time: {figures}")

    def causes(self) -> list[tuple[Cause, str, Direction | None]]:
        """The causes, and whose leg each is about, but for what is about this machine and not about the call."""
        people = {p.id: p.name for p in self._stored.call.participants}
        names = {leg_id: people[owner] for leg_id, owner in self._stored.legs.items()}
        return [
            (each.cause, names[each.leg_id] if each.leg_id else "", each.direction)
            for each in self.diagnoses()
            if each.cause not in OF_THE_MACHINE or not each.is_certain
        ]


def _is_connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def described(figures: Sequence[tuple[str, Figures]]) -> str:
    """Figures as a line each."""
    return "\n".join(
        f"  {name:28} loss {each.loss_pct:5.2f} %  jitter {each.jitter_ms:5.1f} ms  {each.packets_per_s:4.1f}/s"
        for name, each in figures
    )
