"""The words for alerts and for the bands of scores. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.quality import Alert, AlertKind, Band
from core.model.sample import Direction

IN, OUT = Direction.INBOUND, Direction.OUTBOUND

ALERTS: Mapping[tuple[AlertKind, Direction | None], str] = {
    (AlertKind.NO_FRAMES, IN): message("Nothing has come from {subject} at all ({worst} s since connecting)."),
    (AlertKind.NO_MEDIA, IN): message("No sound arrives from {subject} ({worst} s)."),
    (AlertKind.NO_MEDIA, OUT): message("No sound goes to {subject} ({worst} s)."),
    (AlertKind.ONE_WAY_AUDIO, None): message("{subject}: sound goes one way only ({worst} s)."),
    (AlertKind.ICE_DISCONNECTED, None): message("{subject} has lost the path to the server ({worst} s)."),
    (AlertKind.DEAD_MICROPHONE, IN): message("The microphone of {subject} gives no sound ({worst} dBFS)."),
    (AlertKind.LOW_MOS, IN): message("Poor sound from {subject}: MOS {worst}, limit {limit}."),
    (AlertKind.LOW_MOS, OUT): message("Poor sound at {subject}: MOS {worst}, limit {limit}."),
    (AlertKind.PACKET_LOSS, IN): message("Packets from {subject} are lost: {worst} %, limit {limit} %."),
    (AlertKind.PACKET_LOSS, OUT): message("Packets to {subject} are lost: {worst} %, limit {limit} %."),
    (AlertKind.CONCEALMENT, OUT): message("Much of what {subject} hears is made up: {worst} %, limit {limit} %."),
    (AlertKind.HIGH_RTT, None): message("Long delay to {subject}: {worst} ms both ways, limit {limit}."),
    (AlertKind.HIGH_JITTER, IN): message("Uneven packets from {subject}: jitter {worst} ms, limit {limit}."),
    (AlertKind.HIGH_JITTER, OUT): message("Uneven packets at {subject}: jitter {worst} ms, limit {limit}."),
    (AlertKind.JITTER_BUFFER_GROWTH, OUT): message(
        "{subject} hears later and later: by {worst} ms a minute, limit {limit}."
    ),
    (AlertKind.PATH_FLAPPING, None): message("The path to {subject} keeps changing: {worst} times."),
    (AlertKind.SLOW_SET_UP, None): message("Connecting {subject} took {worst} s, limit {limit} s."),
    (AlertKind.STATS_GAP, IN): message("No figures about the sound from {subject} ({worst} s)."),
    (AlertKind.STATS_GAP, OUT): message("No figures about the sound to {subject} ({worst} s)."),
}
"""What each alert reads as."""

BANDS: Mapping[Band, str] = {
    Band.EXCELLENT: message("excellent"),
    Band.GREAT: message("great"),
    Band.GOOD: message("good"),
    Band.FAIR: message("fair"),
    Band.POOR: message("poor"),
}


def alert_sentence(alert: Alert, subject: str, translate: Translate) -> str:
    """An alert in words; one that has none yet is told by its name."""
    template = ALERTS.get((alert.kind, alert.direction))
    if template is None:
        return alert.kind.value
    numbers = {"worst": f"{alert.worst:.1f}", "limit": f"{alert.limit:g}"}
    return translate(template).format(subject=subject, **numbers)
