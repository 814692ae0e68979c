"""The words for scores and alerts. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.quality import AlertKind, Band
from core.model.sample import Direction

IN, OUT = Direction.INBOUND, Direction.OUTBOUND

ALERTS: Mapping[tuple[AlertKind, Direction | None], str] = {
    (AlertKind.NO_MEDIA, IN): message("No sound arrives from {subject} ({worst} s)."),
    (AlertKind.NO_MEDIA, OUT): message("No sound goes to {subject} ({worst} s)."),
    (AlertKind.ONE_WAY_AUDIO, None): message("{subject}: sound goes one way only ({worst} s)."),
    (AlertKind.LOW_MOS, IN): message("Poor sound from {subject}: MOS {worst}, limit {limit}."),
    (AlertKind.LOW_MOS, OUT): message("Poor sound at {subject}: MOS {worst}, limit {limit}."),
    (AlertKind.PACKET_LOSS, IN): message("Packets from {subject} are lost: {worst} %, limit {limit} %."),
    (AlertKind.PACKET_LOSS, OUT): message("Packets to {subject} are lost: {worst} %, limit {limit} %."),
    (AlertKind.HIGH_RTT, None): message("Long delay to {subject}: {worst} ms both ways, limit {limit}."),
    (AlertKind.HIGH_JITTER, IN): message("Uneven packets from {subject}: jitter {worst} ms, limit {limit}."),
    (AlertKind.HIGH_JITTER, OUT): message("Uneven packets at {subject}: jitter {worst} ms, limit {limit}."),
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


def quality_words(translate: Translate) -> dict[str, object]:
    """Every word about scores and alerts that the live view's script shows, in the reader's language."""
    _ = translate
    return {
        "mos": _("MOS"),
        "rtt": _("RTT"),
        "score_inbound": _("To the server: {mos}, {band} (RTT {rtt} ms, jitter {jitter} ms, loss {loss} %)"),
        "score_outbound": _("From the server: {mos}, {band} (RTT {rtt} ms, jitter {jitter} ms, loss {loss} %)"),
        "alerts": _("Alerts"),
        "since": _("since {time}"),
        "from_to": _("{from} to {to}"),
        "over": _("Earlier alerts: {count}"),
        "over_tip": _("What was wrong and is no more."),
        "sentences": {"/".join(filter(None, key)): _(text) for key, text in ALERTS.items()},
        "bands": {band.value: _(text) for band, text in BANDS.items()},
    }
