"""The connections of a dump as one call: samples, what is known of each leg, and what happened, on one clock."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model.call import LegId
from core.model.imported import ImportedCall, ImportKind, LeftOut
from core.model.leg_facts import BrowserFacts, LegFacts, MicrophoneFacts
from core.model.sample import PathState, RtpSample
from core.model.snapshot import Note
from core.quality.browser_stats import Connection, connection_samples, note_candidates
from core.quality.dump_events import EventLog

MOST_SAMPLES = 200_000
"""Of one file: what fourteen connections give in two hours."""
MOST_LEGS = 100
"""Whoever looks for causes compares each with all others."""
BRANDS = (("Google Chrome", "Chrome"), ("Microsoft Edge", "Edge"), ("Opera", "Opera"), ("Chromium", "Chromium"))
AGENTS = (("Edg", "Edge"), ("OPR", "Opera"), ("Chrome", "Chrome"))
PLATFORMS = ("Android", "Windows", "CrOS", "Mac OS X", "Linux")
"""As user agents name them; Android calls itself Linux, too."""
STATE_NOTES: Mapping[PathState, str] = {
    PathState.CONNECTED: "participant_connected",
    PathState.DISCONNECTED: "participant_lost",
    PathState.FAILED: "participant_lost",
}


@dataclass(frozen=True, slots=True)
class DumpBrowser:
    """What a dump says about its browser."""

    name: str = ""
    platform: str = ""
    microphone: MicrophoneFacts | None = None


def browser_of(agent: str, data: object, microphone: MicrophoneFacts | None) -> DumpBrowser:
    """The browser by its user agent and, where there is one, by its `NavigatorUAData`."""
    brands = _brands(data)
    name = next((f"{ours} {brands[brand]}" for brand, ours in BRANDS if brand in brands), "")
    if not name:
        found = ((ours, re.search(rf"\b{token}/(\d+)", agent)) for token, ours in AGENTS)
        name = next((f"{ours} {match.group(1)}" for ours, match in found if match), "")
    platform = data.get("platform") if isinstance(data, dict) else None
    if not isinstance(platform, str) or not platform:
        platform = next((each for each in PLATFORMS if each in agent), "").replace("Mac OS X", "macOS")
    return DumpBrowser(name, platform[:40], microphone)


def _brands(data: object) -> dict[str, str]:
    listed = data.get("brands") if isinstance(data, dict) else None
    return {
        str(each.get("brand")): str(each.get("version", "")).split(".")[0][:10]
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }


def microphone_of(constraints: str) -> MicrophoneFacts | None:
    """What a page asked of the microphone, in the forms of all versions; None where it asked for nothing special."""
    wanted = [_wanted(constraints, name) for name in ("echoCancellation", "noiseSuppression", "autoGainControl")]
    if all(each is None for each in wanted):
        return None
    return MicrophoneFacts(*wanted)


def _wanted(constraints: str, name: str) -> bool | None:
    pattern = rf"""(?:goog)?{name}["']?:\s*(?:\{{[^{{}}]*?(?:exact|ideal)["']?:\s*\[?)?["']?(true|false)"""
    found = re.search(pattern, constraints, re.IGNORECASE)
    return None if found is None else found.group(1).lower() == "true"


@dataclass(slots=True)
class DumpCall:
    """Takes one connection after the other; of each only its samples stay in memory."""

    samples: list[RtpSample] = field(default_factory=list)
    """Times: seconds since the Unix epoch."""
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    _logs: dict[LegId, EventLog] = field(default_factory=dict)
    _listeners: set[LegId] = field(default_factory=set)

    @property
    def has_failures(self) -> bool:
        """Whether there is a connection that failed, with or without figures."""
        return bool(self._logs)

    def add(self, connection: Connection) -> None:
        """Take a connection that is known in full."""
        note_candidates(connection)
        found = connection_samples(connection, connection.id)
        self.left_out[LeftOut.VIDEO] += connection.videos
        self.left_out[LeftOut.UNTIMED_EVENTS] += connection.log.untimed
        if len(self._logs) >= MOST_LEGS:
            self.left_out[LeftOut.SAMPLES] += max(1, len(found.samples))
            return
        room = MOST_SAMPLES - len(self.samples)
        self.left_out[LeftOut.SAMPLES] += max(0, len(found.samples) - room)
        self.samples.extend(found.samples[:room])
        self._listeners |= found.listeners
        failed = any(state in (PathState.DISCONNECTED, PathState.FAILED) for _, state in connection.log.states)
        legs = dict.fromkeys(sample.leg_id for sample in found.samples)
        if not legs and not failed:
            self.left_out[LeftOut.SILENT_CONNECTIONS] += 1
        # One that never carried sound because it found no path is what somebody looks for.
        for leg_id in legs or ([LegId(connection.id)] if failed else []):
            self._logs[leg_id] = connection.log

    def result(self, name: str, kind: ImportKind, browser: DumpBrowser) -> ImportedCall:
        """All of it on one clock."""
        times = [log.began_at for log in self._logs.values() if log.began_at is not None]
        times += [sample.at_s - sample.period_s for sample in self.samples]
        begun_at = min(times, default=0.0)
        samples = sorted(
            (replace(sample, at_s=round(sample.at_s - begun_at, 6)) for sample in self.samples), key=lambda s: s.at_s
        )
        return ImportedCall(
            name=name,
            kind=kind,
            samples=tuple(samples),
            leg_facts={leg_id: self._facts(leg_id, log, begun_at, browser) for leg_id, log in self._logs.items()},
            notes=tuple(sorted(self._notes(begun_at), key=lambda note: note.at_s)),
            begun_at=begun_at if times else None,
            browser=browser.name,
            left_out={what: count for what, count in self.left_out.items() if count},
        )

    def _facts(self, leg_id: LegId, log: EventLog, begun_at: float, browser: DumpBrowser) -> LegFacts:
        def on_clock(at: float | None) -> float | None:
            return None if at is None else at - begun_at

        first = next((s.at_s - s.period_s for s in self.samples if s.leg_id == leg_id), begun_at)
        return LegFacts(
            leg_id=leg_id,
            opened_at_s=(first if log.began_at is None else min(first, log.began_at)) - begun_at,
            offered_at_s=on_clock(log.answered_at),
            connected_at_s=on_clock(log.connected_at),
            ended_at_s=on_clock(log.closed_at),
            is_listener=leg_id in self._listeners,
            browser=BrowserFacts(
                name=browser.name,
                platform=browser.platform,
                microphone=None if leg_id in self._listeners else browser.microphone,
                ice=log.ice,
            ),
        )

    def _notes(self, begun_at: float) -> list[Note]:
        return [
            Note(at - begun_at, STATE_NOTES[state], leg_id)
            for leg_id, log in self._logs.items()
            for at, state in log.states
            if state in STATE_NOTES
        ]
