"""The words for diagnoses: what it is, what it means, what to do, and the figures that show it. English is the key."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.language.catalogue import Translate, message
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.sample import Direction

IN, OUT = Direction.INBOUND, Direction.OUTBOUND


@dataclass(frozen=True, slots=True)
class _Sentences:
    """English sentences about a cause; `{subject}` is whose leg it is about."""

    title: str
    meaning: str
    cure: str


@dataclass(frozen=True, slots=True)
class EvidenceWords:
    """One figure that shows a cause, in the reader's language."""

    label: str
    value: str
    """With its unit."""
    limit: str
    """What it is held against, with its unit; empty where there is nothing."""


@dataclass(frozen=True, slots=True)
class DiagnosisWords:
    """A diagnosis in the reader's language."""

    title: str
    meaning: str
    cure: str
    evidence: tuple[EvidenceWords, ...]


_CAUSES: Mapping[Cause, _Sentences] = {
    Cause.INSECURE_PAGE: _Sentences(
        message("{subject}: the page is not secure, so there is no microphone"),
        message("Browsers give the microphone to pages under https:// only, or to those of the same machine."),
        message("Open Earshot with https://, with a certificate or behind a proxy that has one."),
    ),
    Cause.TURN_CREDENTIALS: _Sentences(
        message("{subject}: the TURN server turned the credentials away"),
        message("No relay could be used. Where only a relay leads to the server, there is no call."),
        message("Compare user, password or shared secret with the TURN server's, and the clocks of both machines."),
    ),
    Cause.UDP_BLOCKED: _Sentences(
        message("{subject}: the network lets no UDP out"),
        message("No STUN or TURN server could be reached by UDP, and nothing else was offered."),
        message("Offer TURN by TCP or TLS at port 443, or have UDP allowed in that network."),
    ),
    Cause.TCP_TUNNEL: _Sentences(
        message("{subject}: the page arrives, the sound does not"),
        message(
            "The page was loaded, but the server's own addresses cannot be reached. A tunnel such as Localtunnel or "
            "ngrok carries web pages only, no UDP."
        ),
        message("Set up a TURN server and have all sound go through it (ICE policy relay), or use a public address."),
    ),
    Cause.RELAY_NEEDED: _Sentences(
        message("{subject}: no way to the server was found; a relay is needed"),
        message("Every pair of addresses was tried and failed, and there was no relay (TURN) among them."),
        message("Set up a TURN server and give Earshot its address and secret."),
    ),
    Cause.ONE_WAY_AUDIO: _Sentences(
        message("{subject}: sound goes one way only"),
        message("Packets flow in one direction and not in the other."),
        message("Check firewall and router for UDP in both directions; then connect again."),
    ),
    Cause.DEAD_MICROPHONE: _Sentences(
        message("{subject}: the microphone gives no sound"),
        message("Packets arrive, but they are silent, although the microphone is switched on."),
        message("Choose another microphone, check its plug, its own mute switch and the system's input level."),
    ),
    Cause.MUTED_MICROPHONE: _Sentences(
        message("{subject}: the microphone is muted"),
        message("It is switched off in the browser, in the system or on the device."),
        message("Switch it on where it was switched off, if it is not meant to be."),
    ),
    Cause.SHARED_TRACK: _Sentences(
        message("{subject} gets only half of the packets"),
        message("Nothing is lost on the way: several readers take turns at one audio track."),
        message("Give every reader a track of its own. In Earshot: set the bridge to forward, and report it."),
    ),
    Cause.TIMESTAMP_DRIFT: _Sentences(
        message("{subject} hears more and more late: time stamps drift"),
        message(
            "The jitter buffer grows although the network is clean: the sender's RTP time stamps and the moments of "
            "sending move apart."
        ),
        message("Keep the time stamps that came in: set the bridge to forward. Connecting again empties the buffer."),
    ),
    Cause.SERVER_OVERLOAD: _Sentences(
        message("The server cannot keep up"),
        message("Its media loop wakes late, so packets to everybody leave late."),
        message("Take load off the machine: fewer calls, a smaller speech model, or speech to text elsewhere."),
    ),
    Cause.ACCESS_NETWORK: _Sentences(
        message("{subject}: the network on this side is bad"),
        message("Packets are lost or late on this side alone; the others' are not."),
        message("Move closer to the Wi-Fi or use a cable, stop downloads, or change the network."),
    ),
    Cause.SLOW_PATH: _Sentences(
        message("{subject}: the way to the server is long"),
        message("Nothing is lost, but every packet takes long: people begin to interrupt each other."),
        message("Use a server or relay that is closer, and no VPN that makes a detour."),
    ),
    Cause.PATH_FLAPPING: _Sentences(
        message("{subject}: the connection jumps from one path to another"),
        message("The browser keeps changing between networks, or between addresses of one."),
        message("Switch off the network that is not needed, such as Wi-Fi beside the cable, or the VPN."),
    ),
    Cause.PATH_LOST: _Sentences(
        message("{subject}: the connection broke off"),
        message("Nothing came back from the server for some seconds."),
        message("It is made again by itself. If it happens often, check that side's network."),
    ),
    Cause.ROBOT_VOICE: _Sentences(
        message("{subject}: noise suppression is on"),
        message("It cuts into the voice: it can sound like a robot, and speech to text understands it less well."),
        message("Switch noise suppression off in the microphone's settings of the leg, the browser or the headset."),
    ),
    Cause.SPEECH_BEHIND: _Sentences(
        message("{subject}: speech to text cannot keep up"),
        message("Words appear late, or not at all, because there is more speech than can be recognised."),
        message("Choose a smaller model, more workers or a cloud engine, or run fewer calls at once."),
    ),
    Cause.SPEECH_HANDOVER: _Sentences(
        message("{subject}: speech to text went on in a new stream"),
        message("The provider ends every stream after some minutes. This is routine: no word is lost or doubled."),
        message("Nothing needs to be done."),
    ),
    Cause.MODEL_FAILING: _Sentences(
        message("The language model does not answer"),
        message("Summaries are made without it meanwhile, from the sentences themselves."),
        message("See the details on the page System; check the model's address, key and limits."),
    ),
    Cause.GUIDANCE_FAILING: _Sentences(
        message("The handbook gives no answers"),
        message("The passages that are shown are older, or there are none."),
        message("Check the retrieval server's address and whether it runs."),
    ),
    Cause.RELAY_IN_USE: _Sentences(
        message("{subject}: a relay carries the sound"),
        message("That is no fault, but it costs the relay's bandwidth and some delay."),
        message("Nothing needs to be done. For shorter delays, let UDP go directly to the server."),
    ),
}

_VARIANTS: Mapping[tuple[Cause, Direction | None], _Sentences] = {
    (Cause.ONE_WAY_AUDIO, IN): _Sentences(
        message("Nothing arrives from {subject}, who does hear the others"),
        message("Packets reach that browser, but none come from it."),
        message("Check firewall and router on that side for outgoing UDP; then connect again."),
    ),
    (Cause.TIMESTAMP_DRIFT, IN): _Sentences(
        message("{subject}: the sender's clock does not keep time"),
        message(
            "The time stamps of what that side sends run faster or slower than time. Whoever hears it has to play it "
            "faster or slower, or later and later."
        ),
        message("Use another microphone or headset there, and the sample rate that it has by itself."),
    ),
    (Cause.ONE_WAY_AUDIO, OUT): _Sentences(
        message("{subject} hears nothing, but is heard"),
        message("Packets come from that browser, but none reach it."),
        message("Check firewall and router on that side for incoming UDP; then connect again."),
    ),
}

_STARVED = _Sentences(
    message("{subject}: speech to text gets no sound"),
    message("Packets arrive, but their sound does not get as far as speech to text."),
    message("See the parts on the page System, and have this person connect again."),
)

_UNCERTAIN: Mapping[Cause, _Sentences] = {
    Cause.SERVER_OVERLOAD: _Sentences(
        message("Both sides are bad at once: the server or its network"),
        message(
            "What several people lose at the same moment has one cause in common, and that is on the server's side."
        ),
        message("Check the server's network connection and its load."),
    ),
    Cause.ACCESS_NETWORK: _Sentences(
        message("{subject}: packets are lost or late"),
        message("Nobody else was measured meanwhile, so it may be this side's network or the server's."),
        message("Try another network here; if others have the same, look at the server's."),
    ),
    Cause.DEAD_MICROPHONE: _Sentences(
        message("{subject}: the microphone may be dead"),
        message("It has been all but silent from the beginning."),
        message("Say something. If nothing changes: choose another microphone, or raise its input level."),
    ),
}
"""Where another cause would show the same, and that needs saying."""

_MS, _PCT, _RATE, _S, _NONE = "ms", "%", "/s", "s", ""

_FIGURES: Mapping[str, tuple[str, str]] = {
    "is_secure": (message("Secure page"), _NONE),
    "ice_error": (message("Error code of the STUN or TURN server"), _NONE),
    "local_candidates": (message("Offered by the browser"), _NONE),
    "remote_candidates": (message("Offered by the server"), _NONE),
    "noise_suppression": (message("Noise suppression"), _NONE),
    "is_muted": (message("Microphone muted"), _NONE),
    "arriving_per_s": (message("Packets that arrive at the server"), _RATE),
    "spoken_per_s": (message("Packets that the browser sends"), _RATE),
    "heard_per_s": (message("Packets that the browser receives"), _RATE),
    "sent_per_s": (message("Packets that the server sends"), _RATE),
    "level_dbfs": (message("Loudness"), "dBFS"),
    "loss_pct": (message("Packet loss"), _PCT),
    "loss_up_pct": (message("Loss on the way to the server"), _PCT),
    "loss_down_pct": (message("Loss on the way from the server"), _PCT),
    "jitter_ms": (message("Jitter"), _MS),
    "jitter_up_ms": (message("Jitter on the way to the server"), _MS),
    "jitter_down_ms": (message("Jitter on the way from the server"), _MS),
    "concealed_pct": (message("Sound made up"), _PCT),
    "drift_ms_per_min": (message("Growth of the jitter buffer"), "ms/min"),
    "timestamp_drift_ms_per_min": (message("Gain of the time stamps on time"), "ms/min"),
    "jitter_buffer_ms": (message("Delay in the jitter buffer"), _MS),
    "send_deviation_p50_ms": (message("Send deviation, median"), _MS),
    "send_deviation_p99_ms": (message("Send deviation, worst of a hundred"), _MS),
    "loop_lag_p99_ms": (message("Media loop wakes late by"), _MS),
    "rtt_ms": (message("Round-trip time"), _MS),
    "path_switches": (message("Changes of the path"), _NONE),
    "path_lost_s": (message("Without connection"), _S),
    "path_transport": (message("Transport to the relay"), _NONE),
    "times": (message("How often"), _NONE),
    "speech_behind_s": (message("Time behind"), _S),
    "speech_starved_s": (message("Time without sound"), _S),
    "model_failing_s": (message("Time without an answer"), _S),
    "guidance_failing_s": (message("Time without an answer"), _S),
}
"""What each figure is called, and its unit. One that is not here is shown by its own name."""

_IN_TITLE = frozenset({"subject"})
"""Figures that the title names."""
_TEXTS: Mapping[str, str] = {"yes": message("yes"), "no": message("no"), "on": message("on")}
_SECONDS = message("{value} s")
_PER_SECOND = message("{value}/s")
_PER_MINUTE = message("{value} ms/min")


def diagnosis_words(diagnosis: Diagnosis, subject: str, translate: Translate) -> DiagnosisWords:
    """A diagnosis in the reader's language. Any thread.

    Args:
        diagnosis: What was found.
        subject: Whose leg it is about; empty where that is not known.
        translate: Into the reader's language.
    """
    _ = translate
    texts = _sentences(diagnosis)
    about = next((str(each.value) for each in diagnosis.evidence if each.figure == "subject"), "")
    name = subject or about or _("This side")
    return DiagnosisWords(
        title=_(texts.title).format(subject=name),
        meaning=_(texts.meaning).format(subject=name),
        cure=_(texts.cure).format(subject=name),
        evidence=tuple(evidence_words(each, _) for each in diagnosis.evidence if each.figure not in _IN_TITLE),
    )


def _sentences(diagnosis: Diagnosis) -> _Sentences:
    if not diagnosis.is_certain and diagnosis.cause in _UNCERTAIN:
        return _UNCERTAIN[diagnosis.cause]
    if any(each.figure == "speech_starved_s" for each in diagnosis.evidence):
        return _STARVED
    return _VARIANTS.get((diagnosis.cause, diagnosis.direction), _CAUSES[diagnosis.cause])


def evidence_words(evidence: Evidence, translate: Translate) -> EvidenceWords:
    """One figure in the reader's language."""
    label, unit = _FIGURES.get(evidence.figure, (evidence.figure, _NONE))
    limit = "" if evidence.limit is None else _figure(evidence.limit, unit, translate)
    if isinstance(evidence.value, str):
        text = _TEXTS.get(evidence.value, evidence.value)
        return EvidenceWords(translate(label), translate(text) if text else "", limit)
    return EvidenceWords(translate(label), _figure(evidence.value, unit, translate), limit)


def _figure(value: float, unit: str, translate: Translate) -> str:
    number = f"{value:.1f}".removesuffix(".0")
    match unit:
        case "":
            return number
        case "s":
            return translate(_SECONDS).format(value=number)
        case "/s":
            return translate(_PER_SECOND).format(value=number)
        case "ms/min":
            return translate(_PER_MINUTE).format(value=number)
        case "%":
            return f"{number}%"
        case _:
            return f"{number} {unit}"
