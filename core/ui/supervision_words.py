"""Every word about supervision: modes, who hears whom in them, the list of live calls. English sentences are keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.language.catalogue import Translate, message
from core.model.call import SupervisionMode
from core.model.quality import AlertKind
from core.model.sample import Direction
from core.quality.alert_words import BANDS
from core.ui.alert_words import notice_words, text_alert_words
from core.ui.persona_panel_words import PERSONA_STATES
from core.ui.persona_words import REHEARSAL
from core.ui.wording import CALL_STATES, LEG_STATES, ORIGIN_LABELS, ROLES

IN, OUT = Direction.INBOUND, Direction.OUTBOUND


@dataclass(frozen=True, slots=True)
class ModeWords:
    """One mode, as keys of the catalogue; {name} is the supervisor."""

    label: str
    """What is pressed."""
    tip: str
    says: str
    """To the supervisor, while it is in force."""
    doing: str
    """Beside the supervisor's name, for everybody who sees the call."""
    told: str = ""
    """A line for others who see the call; empty where the name says enough."""
    told_agent: str = ""
    """The same to the agent."""


MODES: Mapping[SupervisionMode, ModeWords] = {
    SupervisionMode.MONITOR: ModeWords(
        label=message("Monitor"),
        tip=message("You hear everybody. Nobody hears you, and no microphone is needed."),
        says=message("Nobody hears you."),
        doing=message("listening"),
    ),
    SupervisionMode.COACH: ModeWords(
        label=message("Coach"),
        tip=message("You hear everybody. Only the agent hears you; your words are not written down."),
        says=message("The agent hears you. The customer does not."),
        doing=message("coaching"),
        told=message("{name} coaches the agent: the customer does not hear it."),
        told_agent=message("{name} coaches you: the customer does not hear it."),
    ),
    SupervisionMode.BARGE_IN: ModeWords(
        label=message("Barge in"),
        tip=message("Everybody hears you, and your words are written down."),
        says=message("Everybody hears you."),
        doing=message("speaking"),
        told=message("{name} speaks in the call: everybody hears it."),
        told_agent=message("{name} speaks in the call: everybody hears it."),
    ),
    SupervisionMode.TAKE_OVER: ModeWords(
        label=message("Take over"),
        tip=message(
            "The customer hears you. Nobody hears the agent until you choose another mode or leave; your words are "
            "written down."
        ),
        says=message("Everybody hears you. Nobody hears the agent."),
        doing=message("has taken over"),
        told=message("{name} has taken over: nobody hears the agent."),
        told_agent=message("{name} has taken over: nobody hears you."),
    ),
}

PERSONA_MODES: Mapping[SupervisionMode, ModeWords] = {
    SupervisionMode.MONITOR: MODES[SupervisionMode.MONITOR],
    SupervisionMode.BARGE_IN: ModeWords(
        label=message("Barge in"),
        tip=message(
            "Everybody hears you, and your words are written down. While you are in this mode the persona is held: it "
            "neither listens nor speaks."
        ),
        says=message("Everybody hears you. The persona is held while you speak."),
        doing=message("speaking"),
        told=message("{name} speaks in the call: everybody hears it, and the persona is held."),
        told_agent=message("{name} speaks in the call: everybody hears it, and the persona is held."),
    ),
    SupervisionMode.TAKE_OVER: ModeWords(
        label=message("Take over"),
        tip=message(
            "You talk with the customer in the persona's place. It is held until you choose another mode or leave; "
            "your words are written down."
        ),
        says=message("The customer hears you. The persona is held until you are done."),
        doing=message("has taken over"),
        told=message("{name} has taken over from the persona, which is held."),
        told_agent=message("{name} has taken over from the persona, which is held."),
    ),
}
"""The modes in a call with a persona. Nobody coaches one: it hears nobody but the customer."""

ALERTS: Mapping[tuple[AlertKind, Direction | None], str] = {
    (AlertKind.NO_FRAMES, IN): message("Nothing has come from {subject}"),
    (AlertKind.NO_MEDIA, IN): message("No sound from {subject}"),
    (AlertKind.NO_MEDIA, OUT): message("No sound to {subject}"),
    (AlertKind.ONE_WAY_AUDIO, None): message("Sound goes one way only: {subject}"),
    (AlertKind.ICE_DISCONNECTED, None): message("Path lost: {subject}"),
    (AlertKind.DEAD_MICROPHONE, IN): message("No sound from the microphone: {subject}"),
    (AlertKind.CONCEALMENT, OUT): message("Sound is made up at {subject}"),
    (AlertKind.JITTER_BUFFER_GROWTH, OUT): message("Growing delay at {subject}"),
    (AlertKind.PATH_FLAPPING, None): message("Path keeps changing: {subject}"),
    (AlertKind.SLOW_SET_UP, None): message("Slow to connect: {subject}"),
    (AlertKind.LOW_MOS, IN): message("Poor sound from {subject}"),
    (AlertKind.LOW_MOS, OUT): message("Poor sound at {subject}"),
    (AlertKind.PACKET_LOSS, IN): message("Packets from {subject} are lost"),
    (AlertKind.PACKET_LOSS, OUT): message("Packets to {subject} are lost"),
    (AlertKind.HIGH_RTT, None): message("Long delay to {subject}"),
    (AlertKind.HIGH_JITTER, IN): message("Uneven packets from {subject}"),
    (AlertKind.HIGH_JITTER, OUT): message("Uneven packets at {subject}"),
    (AlertKind.STATS_GAP, IN): message("No figures from {subject}"),
    (AlertKind.STATS_GAP, OUT): message("No figures to {subject}"),
}
"""What each alert reads as where there is one line for it."""


def mode_notices(translate: Translate, *, with_persona: bool = False) -> dict[str, object]:
    """What the live view says of a supervisor's mode, by the mode; `with_persona` in a call with a persona."""
    modes = {**MODES, **(PERSONA_MODES if with_persona else {})}
    return {
        mode.value: {
            "doing": translate(words.doing),
            "told": translate(words.told) if words.told else "",
            "told_agent": translate(words.told_agent) if words.told_agent else "",
        }
        for mode, words in modes.items()
    }


def mode_words(translate: Translate, *, with_persona: bool = False) -> dict[str, object]:
    """The words that assets/supervision_modes.js shows; `with_persona` in a call with a persona."""
    _ = translate
    modes = {**MODES, **(PERSONA_MODES if with_persona else {})}
    return {
        "silent": SupervisionMode.MONITOR.value,
        "offered": [mode.value for mode in (PERSONA_MODES if with_persona else MODES)],
        "modes": {
            mode.value: {"label": _(words.label), "tip": _(words.tip), "says": _(words.says)}
            for mode, words in modes.items()
        },
        "group": _("How you take part"),
        "leave": _("Leave"),
        "leave_tip": _("Stop hearing this call. It goes on without you."),
        "away": _("You are not in this call. Choose how to take part."),
        "joining": _("Nobody hears you yet."),
        "changing": _("Changing to: {mode}…"),
        "no_answer": _("The server has not changed the mode. Try again."),
    }


def leg_problems_of_supervision(translate: Translate) -> dict[str, str]:
    """What `core.ui.leg_words.leg_problems` says differently where modes stand in the place of START."""
    _ = translate
    return {
        "NotAllowedError": _(
            "The browser does not allow this page to use the microphone, so nobody hears you. Click the icon beside "
            "the address, allow the microphone, and choose the mode again."
        ),
        "NotFoundError": _("No microphone was found, so nobody hears you. Connect one, and choose the mode again."),
        "NotReadableError": _(
            "The microphone cannot be opened, so nobody hears you; another program may be using it. Close that "
            "program, and choose the mode again."
        ),
        "SecurityError": _(
            "Nobody hears you: browsers give the microphone to secure pages only. Open this page with https://, or on "
            "the server itself as http://localhost. Monitoring works here, too."
        ),
        "lost": _("The connection could not be made. Check the network, and choose the mode again."),
        "other": _("The microphone cannot be opened ({name}), so nobody hears you. Choose the mode again."),
    }


def list_words(translate: Translate) -> dict[str, object]:
    """The words that assets/supervision.js shows."""
    _ = translate
    return {
        "list": _("Running calls, worst first"),
        "loading": _("Loading the calls…"),
        "reconnecting": _("The connection to the server is interrupted. Reconnecting…"),
        "gone": _("The server ended this view: {message}"),
        "reload": _("Reload"),
        "empty": _("No call is running. Calls appear here as soon as somebody begins one."),
        "none_fits": _("No call fits."),
        "all": _("Show all"),
        "filter": _("Filter: name, words"),
        "trouble": _("Only with trouble"),
        "trouble_tip": _("Calls with an alert, a lost connection, or fair or poor sound."),
        "count": _("Calls: {all}"),
        "count_filtered": _("{shown} of {all}"),
        "held": _("Order held while you are in the list"),
        "sort": _("Sort now"),
        "show_list": _("All calls"),
        "nobody": _("Nobody has joined yet"),
        "muted": _("muted"),
        "heads": {
            "state": _("State"),
            "people": _("Participants"),
            "mos": _("MOS"),
            "alerts": _("Alerts"),
            "words": _("Last words"),
            "supervisors": _("Supervisors"),
        },
        "mos_tip": _("Mean opinion score: the worst of all connections of the call. From 3.7 down it can be heard."),
        "mos": _("MOS {mos}, {band}"),
        "over": _("ended"),
        "states": {state.value: _(text) for state, text in CALL_STATES.items()},
        "roles": {role.value: _(text) for role, text in ROLES.items()},
        "legs": {state.value: _(text) for state, text in LEG_STATES.items()},
        "origins": {origin.value: _(text) for origin, text in ORIGIN_LABELS.items()},
        "bands": {band.value: _(text) for band, text in BANDS.items()},
        "modes": {mode.value: _(words.doing) for mode, words in MODES.items()},
        "persona": _("AI persona"),
        "rehearsal": _(REHEARSAL),
        "persona_states": {state.value: _(text) for state, text in PERSONA_STATES.items()},
        "alerts": {"/".join(filter(None, key)): _(text) for key, text in ALERTS.items()},
        "text_alerts": text_alert_words(_),
        "notices": notice_words(_),
    }
