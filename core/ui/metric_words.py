"""The words for the figures of a call's Quality page. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import message
from core.model.sample import Direction, Vantage
from core.quality.figures import Provenance
from core.ui.wording import METRIC_TIPS

METRIC_NAMES: Mapping[str, str] = {
    "mos": message("MOS"),
    "jitter_ms": message("Jitter"),
    "loss_pct": message("Packet loss"),
    "rtt_ms": message("Round-trip time"),
    "jitter_buffer_ms": message("Jitter buffer"),
    "jitter_buffer_target_ms": message("Jitter buffer, target"),
    "concealed_pct": message("Concealed sound"),
    "packets_per_s": message("Packet rate"),
    "send_deviation_p99_ms": message("Send deviation"),
    "level_dbfs": message("Audio level"),
}

METRIC_EXPLANATIONS: Mapping[str, str] = {
    **METRIC_TIPS,
    "mos": message(
        "Mean opinion score, 1 to 4.4: what listeners would say of the sound. It is estimated from round-trip time, "
        "jitter and loss of the same second; without any one of them there is none."
    ),
    "jitter_buffer_ms": message(
        "Jitter buffer: how long the browser keeps sound back so that uneven packets play evenly. The pale line is how "
        "long it means to. All of it is delay."
    ),
    "jitter_buffer_target_ms": message("How long the browser means to keep sound back."),
    "concealed_pct": message(
        "Concealed sound: the share that the browser made up because nothing had come in time. From 3 % on it is heard."
    ),
    "level_dbfs": message(
        "Audio level: how loud it is, in decibels below the loudest sound there can be. Speech lies about -40 to -10; "
        "a flat line far below is silence."
    ),
}

PROVENANCES: Mapping[Provenance, str] = {
    Provenance.MEASURED: message("measured"),
    Provenance.ESTIMATED: message("estimated"),
    Provenance.MISSING: message("missing"),
}

DIRECTIONS: Mapping[Direction, str] = {
    Direction.OUTBOUND: message("What each one hears"),
    Direction.INBOUND: message("What each one sends"),
}
DIRECTIONS_SHORT: Mapping[Direction, str] = {Direction.OUTBOUND: message("hears"), Direction.INBOUND: message("sends")}

VANTAGES: Mapping[Vantage, str] = {Vantage.BROWSER: message("Browser"), Vantage.SERVER: message("Server")}
"""Who measured."""
