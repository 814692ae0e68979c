"""Every word that supervisors and analysts read about a call's persona. English sentences are keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.language.catalogue import Translate, message
from core.model.persona import PersonaState
from core.ui.persona_words import REHEARSAL, REHEARSAL_TIP

PERSONA_STATES: Mapping[PersonaState, str] = {
    PersonaState.CONNECTING: message("The persona connects"),
    PersonaState.LISTENING: message("The persona listens"),
    PersonaState.THINKING: message("The persona thinks"),
    PersonaState.SPEAKING: message("The persona speaks"),
    PersonaState.RECONNECTING: message("The persona reconnects"),
    PersonaState.CLOSED: message("The persona's hours are over"),
    PersonaState.ENDED: message("The persona has stopped"),
}
"""What each state reads as beside a call."""

STATE_TIPS: Mapping[str, str] = {
    PersonaState.CONNECTING: message("Its session with the provider is being opened."),
    PersonaState.LISTENING: message("The customer's microphone is open: what is said reaches the persona."),
    PersonaState.THINKING: message("Somebody has finished speaking, and nothing of the answer is to be heard yet."),
    PersonaState.SPEAKING: message(
        "Its voice is playing at the customer. Until it has been heard, the microphone is closed, unless its file "
        "lets people interrupt it by speaking."
    ),
    PersonaState.RECONNECTING: message("The connection to the provider was lost; it is opened again by itself."),
    PersonaState.CLOSED: message("It has said goodbye, because its opening hours are over."),
    PersonaState.ENDED: message("Its session is over and is not opened again in this call."),
    "held": message("While a supervisor speaks to everybody, it neither listens nor speaks."),
}


@dataclass(frozen=True, slots=True)
class CountWords:
    """One count of a session, as keys of the catalogue."""

    text: str
    tip: str
    is_routine: bool = False
    """Whether it is nothing to worry about."""


COUNTS: Mapping[str, CountWords] = {
    "reconnections": CountWords(
        message("reconnected {count}×"),
        message("How often the connection to the provider was lost and made again. What was said was told anew."),
    ),
    "renewals": CountWords(
        message("renewed {count}×"),
        message("How often the session had gone deaf or mute without any error, and a new one took over."),
    ),
    "refused_events": CountWords(
        message("refused {count}"),
        message("What Earshot sent and the provider would not have. The event log has the reasons."),
    ),
    "malformed_events": CountWords(
        message("unreadable {count}"), message("Events of the provider that could not be read; they were left out.")
    ),
    "dropped_audio_s": CountWords(
        message("{count} s of sound dropped"),
        message("Sound of the customer that found no room, because the connection was too slow or away for too long."),
    ),
    "dropped_items": CountWords(
        message("{count} turns left out"),
        message("Turns that a new session was not told, being too old: the persona may have forgotten them."),
    ),
    "hand_overs": CountWords(
        message("handed over {count}×"),
        message(
            "A session may last 60 minutes. Before that a new one took over, unnoticed and with all that was said."
        ),
        is_routine=True,
    ),
    "unknown_events": CountWords(
        message("unknown {count}"),
        message("Kinds of events that this version of Earshot does not know; they change nothing."),
        is_routine=True,
    ),
}
"""What has happened to a session, by the field of `PersonaCounts`, the most worrying first."""


def persona_panel_words(translate: Translate) -> dict[str, object]:
    """The words that assets/persona_panel.js shows."""
    _ = translate
    return {
        "panel": _("AI persona"),
        "rehearsal": _(REHEARSAL),
        "rehearsal_tip": _(REHEARSAL_TIP),
        "states": {state.value: _(text) for state, text in PERSONA_STATES.items()}
        | {"held": _("The persona waits for {who}")},
        "state_tips": {str(state): _(text) for state, text in STATE_TIPS.items()},
        "attempt": _("The persona reconnects, attempt {attempt} of {attempts}"),
        "counts": {
            field: {"text": _(words.text), "tip": _(words.tip), "is_routine": words.is_routine}
            for field, words in COUNTS.items()
        },
        "interrupt": _("Interrupt the persona"),
        "interrupt_tip": _("Ends at once what the persona is saying or thinking about. It then listens again."),
        "interrupt_failed": _("The persona could not be interrupted. Try again."),
        "events": _("Event log"),
        "events_tip": _("Everything that Earshot and the provider have sent each other in this call, in a new tab."),
        "tool_calls": _("Tools that the persona called"),
        "tool_arguments": _("Called with"),
        "tool_output": _("What the persona was told"),
        "tool_error": _("Why it failed"),
        "took": _("{seconds} s"),
        "running": _("for {seconds} s"),
        "outcomes": {
            "failed": _("failed"),
            "done": _("answered"),
            "running": _("running"),
            "unanswered": _("no answer"),
        },
    }
