"""The words of the page about many calls: figures, groups, issues, verdicts. English sentences are keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.language.catalogue import message
from core.language.formats import short_day
from core.model.diagnosis import Cause
from core.model.quality import AlertKind
from core.quality.fleet_question import Counted, Group, IssueSource, Measured, Metric, Verdict
from core.ui.metric_words import METRIC_EXPLANATIONS, METRIC_NAMES
from core.ui.reader import Reader
from core.ui.wording import SPOKEN_LANGUAGES


@dataclass(frozen=True, slots=True)
class FigureWords:
    """What a figure is called, what it means, and how it is written."""

    name: str
    tip: str
    unit: str
    digits: int


METRICS: Mapping[Metric, FigureWords] = {
    Metric.MOS: FigureWords(METRIC_NAMES["mos"], METRIC_EXPLANATIONS["mos"], "", 2),
    Metric.JITTER: FigureWords(METRIC_NAMES["jitter_ms"], METRIC_EXPLANATIONS["jitter_ms"], "ms", 1),
    Metric.LOSS: FigureWords(METRIC_NAMES["loss_pct"], METRIC_EXPLANATIONS["loss_pct"], "%", 2),
    Metric.RTT: FigureWords(METRIC_NAMES["rtt_ms"], METRIC_EXPLANATIONS["rtt_ms"], "ms", 0),
    Metric.JITTER_BUFFER: FigureWords(
        METRIC_NAMES["jitter_buffer_ms"],
        message("Jitter buffer: how long the browser keeps sound back so that uneven packets play evenly."),
        "ms",
        0,
    ),
    Metric.CONCEALED: FigureWords(METRIC_NAMES["concealed_pct"], METRIC_EXPLANATIONS["concealed_pct"], "%", 2),
    Metric.SET_UP: FigureWords(
        message("Set-up"), message("Set-up: from a browser's offer until its connection stands."), "s", 2
    ),
    Metric.FINAL: FigureWords(
        message("Final text"), message("Final text: from the end of speech until its final text is there."), "s", 2
    ),
    Metric.SUMMARY: FigureWords(
        message("Summary latency"),
        message("From the end of speech until the summary that had seen it was painted, or valid where nobody looked."),
        "s",
        2,
    ),
}

GROUPS: Mapping[Group, str] = {
    Group.DAY: message("Day"),
    Group.HOUR: message("Hour of the day"),
    Group.PARTICIPANT: message("Participant"),
    Group.BROWSER: message("Browser"),
    Group.NETWORK: message("Network type"),
    Group.PATH: message("Path"),
    Group.LANGUAGE: message("Spoken language"),
}

COUNTED: Mapping[Counted, str] = {
    Counted.CONNECTION: message("Each connection"),
    Counted.SECOND: message("Each second"),
}
COUNTED_TIP = message(
    "Each connection: every direction of a participant's connection counts once, with its mean. Each second: every "
    "measured second counts, so that long calls weigh more; the sample files are read for it."
)

MEASURED: Mapping[Measured, str] = {Measured.SERVER: message("Server"), Measured.BROWSER: message("Browser")}
MEASURED_TIP = message("The server sees what reaches it and what leaves it; the browser sees what is really played.")

NETWORKS: Mapping[str, str] = {
    "wifi": message("Wi-Fi"),
    "cellular": message("Mobile network"),
    "ethernet": message("Cable"),
    "vpn": message("VPN"),
}
PATHS: Mapping[str, str] = {
    "host": message("direct"),
    "srflx": message("direct, behind a router"),
    "prflx": message("direct, another address"),
    "relay": message("over a relay"),
}
UNKNOWN = message("unknown")

VERDICTS: Mapping[Verdict, str] = {
    Verdict.BETTER: message("better"),
    Verdict.WORSE: message("worse"),
    Verdict.UNCLEAR: message("no clear difference"),
    Verdict.TOO_FEW: message("too few calls"),
}
VERDICT_TIP = message(
    "Called better or worse only where the 95 % interval of the difference of the medians leaves out zero, and both "
    "groups have at least {count} calls with the figure."
)

SOURCES: Mapping[IssueSource, str] = {IssueSource.CAUSE: message("Cause"), IssueSource.ALERT: message("Alert")}

ALERT_KINDS: Mapping[AlertKind, str] = {
    AlertKind.NO_FRAMES: message("Nothing ever came"),
    AlertKind.NO_MEDIA: message("No sound"),
    AlertKind.ONE_WAY_AUDIO: message("Sound goes one way only"),
    AlertKind.ICE_DISCONNECTED: message("Path to the server lost"),
    AlertKind.DEAD_MICROPHONE: message("Silent microphone"),
    AlertKind.LOW_MOS: message("Poor sound (MOS)"),
    AlertKind.PACKET_LOSS: message("Packet loss"),
    AlertKind.CONCEALMENT: message("Much concealed sound"),
    AlertKind.HIGH_RTT: message("Long delay"),
    AlertKind.HIGH_JITTER: message("High jitter"),
    AlertKind.JITTER_BUFFER_GROWTH: message("Growing jitter buffer"),
    AlertKind.PATH_FLAPPING: message("Changing paths"),
    AlertKind.SLOW_SET_UP: message("Slow set-up"),
    AlertKind.STATS_GAP: message("Figures missing"),
}
CAUSES: Mapping[Cause, str] = {
    Cause.INSECURE_PAGE: message("Page not secure"),
    Cause.TURN_CREDENTIALS: message("Wrong TURN credentials"),
    Cause.UDP_BLOCKED: message("UDP blocked"),
    Cause.TCP_TUNNEL: message("Tunnel that carries TCP only"),
    Cause.RELAY_NEEDED: message("Relay needed"),
    Cause.ONE_WAY_AUDIO: message("One direction blocked"),
    Cause.DEAD_MICROPHONE: message("Dead microphone"),
    Cause.MUTED_MICROPHONE: message("Muted microphone"),
    Cause.SHARED_TRACK: message("Track shared by several readers"),
    Cause.TIMESTAMP_DRIFT: message("Drifting time stamps"),
    Cause.SERVER_OVERLOAD: message("Server overloaded"),
    Cause.ACCESS_NETWORK: message("One side's own network"),
    Cause.SLOW_PATH: message("Long way to the server"),
    Cause.PATH_FLAPPING: message("Path keeps changing"),
    Cause.PATH_LOST: message("Connection broke off"),
    Cause.ROBOT_VOICE: message("Noise suppression on"),
    Cause.SPEECH_BEHIND: message("Speech to text behind"),
    Cause.SPEECH_HANDOVER: message("Hand-over of the speech stream"),
    Cause.MODEL_FAILING: message("Language model failing"),
    Cause.GUIDANCE_FAILING: message("Handbook failing"),
    Cause.RELAY_IN_USE: message("Relay in use"),
}


def issue_name(source: IssueSource, kind: str, reader: Reader) -> str:
    """What an alert or a cause is called; one without a name by its key."""
    names: Mapping[str, str] = (
        {each.value: name for each, name in ALERT_KINDS.items()}
        if source is IssueSource.ALERT
        else {each.value: name for each, name in CAUSES.items()}
    )
    return reader.translate(names[kind]) if kind in names else kind


def figure(metric: Metric, value: float | None, reader: Reader, *, is_signed: bool = False) -> str:
    """A figure with its unit; a dash for a missing one."""
    if value is None:
        return "–"
    words = METRICS[metric]
    # What rounds to zero has no sign.
    shown = round(value, words.digits) or 0.0
    written = reader.number(shown, words.digits)
    if is_signed and shown > 0:
        written = f"+{written}"
    return f"{written} {words.unit}".rstrip()


def key_name(group: Group, key: str, reader: Reader) -> str:
    """What a group's member is called."""
    _ = reader.translate
    if not key:
        return _(UNKNOWN)
    match group:
        case Group.DAY:
            return short_day(date.fromisoformat(key), reader.locale)
        case Group.HOUR:
            return _("{hour}:00").format(hour=int(key))
        case Group.NETWORK:
            return _(NETWORKS[key]) if key in NETWORKS else key
        case Group.PATH:
            return _(PATHS[key]) if key in PATHS else key
        case Group.LANGUAGE:
            return _(SPOKEN_LANGUAGES[key]) if key in SPOKEN_LANGUAGES else key
        case _:
            return key
