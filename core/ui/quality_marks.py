"""What the Quality page marks on the time axis: alerts, and what happened in the call."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from core.language.catalogue import Translate
from core.model.call import LegId, ParticipantId
from core.model.quality import Alert, AlertKind
from core.model.snapshot import CallSnapshot, Note
from core.quality.alert_words import alert_sentence
from core.quality.moments import WorstMoment
from core.ui.charts.quality_picture import Mark
from core.ui.metric_words import DIRECTIONS_SHORT, METRIC_NAMES, VANTAGES
from core.ui.quality_view import MomentLine
from core.ui.wording import NOTES

PANEL_OF: Mapping[AlertKind, str] = {
    AlertKind.NO_FRAMES: "packets_per_s",
    AlertKind.NO_MEDIA: "packets_per_s",
    AlertKind.ONE_WAY_AUDIO: "packets_per_s",
    AlertKind.ICE_DISCONNECTED: "rtt_ms",
    AlertKind.DEAD_MICROPHONE: "level_dbfs",
    AlertKind.LOW_MOS: "mos",
    AlertKind.PACKET_LOSS: "loss_pct",
    AlertKind.CONCEALMENT: "concealed_pct",
    AlertKind.HIGH_RTT: "rtt_ms",
    AlertKind.HIGH_JITTER: "jitter_ms",
    AlertKind.JITTER_BUFFER_GROWTH: "jitter_buffer_ms",
    AlertKind.PATH_FLAPPING: "rtt_ms",
    AlertKind.SLOW_SET_UP: "packets_per_s",
    AlertKind.STATS_GAP: "packets_per_s",
}
"""On which figure's chart each kind of alert is a band."""
LOST, BACK = "participant_lost", "participant_connected"
BREAKS = frozenset({LOST, "media_restarted"})
CHANGES = "supervision_"
"""Notes whose code begins with this tell of a change of who hears whom."""


def names_of_legs(picture: CallSnapshot) -> dict[LegId, str]:
    """Whose each leg is."""
    names = {p.id: p.name for p in picture.call.participants}
    return {leg: names.get(owner, "") for leg, owner in picture.legs.items()}


def leg_titles(picture: CallSnapshot, translate: Translate) -> dict[LegId, str]:
    """Whose each leg is, and which of theirs, where somebody had several."""
    titles: dict[LegId, str] = {}
    count: Counter[ParticipantId] = Counter()
    names = names_of_legs(picture)
    for leg, owner in picture.legs.items():
        count[owner] += 1
        again = translate("connection {number}").format(number=count[owner])
        titles[leg] = names[leg] if count[owner] == 1 else f"{names[leg]} · {again}"
    return titles


def call_marks(picture: CallSnapshot, end_s: float, translate: Translate) -> tuple[Mark, ...]:
    """Alerts and notes in the order of their times. What goes on reaches to `end_s`."""
    names = names_of_legs(picture)
    alerts = [_alert_mark(alert, names.get(alert.leg_id, ""), end_s, translate) for alert in picture.quality.alerts]
    return tuple(sorted([*alerts, *_note_marks(picture.notes, translate)], key=lambda mark: mark.at_s))


def _alert_mark(alert: Alert, subject: str, end_s: float, translate: Translate) -> Mark:
    return Mark(
        alert.raised_at_s,
        alert_sentence(alert, subject, translate),
        until_s=max(alert.raised_at_s, end_s) if alert.cleared_at_s is None else alert.cleared_at_s,
        panel=PANEL_OF[alert.kind],
        is_alert=True,
    )


def _note_marks(notes: Sequence[Note], translate: Translate) -> Iterator[Mark]:
    lost: set[str] = set()
    for note in notes:
        if note.code == LOST:
            lost.add(note.subject)
        is_return = note.code == BACK and note.subject in lost
        if is_return:
            lost.discard(note.subject)
        template = NOTES.get(note.code)
        seconds = "" if note.until_s is None else f"{note.until_s - note.at_s:.0f}"
        yield Mark(
            note.at_s,
            translate(template).format(subject=note.subject, seconds=seconds) if template else note.code,
            until_s=note.until_s,
            is_break=is_return or note.code in BREAKS or note.code.startswith(CHANGES),
        )


def moment_lines(
    moments: Sequence[WorstMoment], names: Mapping[LegId, str], translate: Translate
) -> tuple[MomentLine, ...]:
    """The worst moments as lines of the page's list."""
    return tuple(
        MomentLine(
            each.at_s,
            f"{translate(METRIC_NAMES[each.metric.field])} {each.value:.1f} {each.metric.unit}".rstrip(),
            f"{names.get(each.leg_id, '')} {translate(DIRECTIONS_SHORT[each.direction])} · "
            f"{translate(VANTAGES[each.vantage])}",
        )
        for each in moments
    )
