"""Words of the page on which one talks with a persona, in the reader's language."""

from collections.abc import Mapping

from core.language.catalogue import Translate, describe, message
from core.model.call import CallPersona, Role
from core.model.errors import AccessDenied, EarshotError, LinkExpired, LinkInvalid, SignInEnded
from core.ui.wording import END_REASONS, NOTES, ROLES

REHEARSAL = message("Rehearsal")
REHEARSAL_TIP = message(
    "Without a key nobody real answers: a program on this machine plays the persona. It hears you, and speaks from a "
    "script with a synthetic voice. Set EARSHOT_REALTIME_API_KEY to talk with the real one."
)

TITLES: Mapping[str, str] = {
    "loading": message("Loading the call…"),
    "waiting": message("Press START to talk with {name}"),
    "connecting": message("Connecting to {name}…"),
    "listening": message("{name} is listening"),
    "thinking": message("{name} is thinking"),
    "speaking": message("{name} is speaking"),
    "reconnecting": message("Reconnecting: attempt {number} of {limit}"),
    "held": message("{who} has taken over"),
    "closed": message("{name} is closed now"),
    "ended": message("{name} has stopped"),
    "left": message("You have left"),
    "over": message("The conversation has ended"),
}
"""What is read first, by what the persona is doing; `waiting` is before the customer is connected."""

LINES: Mapping[str, str] = {
    "loading": "",
    "waiting": message("Your browser asks for the microphone; then {name} greets you."),
    "connecting": message("One moment, please."),
    "listening": message("Speak, or write below."),
    "thinking": message("The answer is on its way."),
    "speaking": message("Your turn comes when it has finished, or when you press Interrupt."),
    "reconnecting": message("The connection to {name} was lost and is being made again. You need not do anything."),
    "held": message("Go on talking: {who} hears you, and {name} waits."),
    "closed": message("Its opening hours have ended. Come back when it is open again."),
    "ended": message("The conversation cannot go on. End it, and begin a new one."),
    "left": message("{name} waits a little while for you. Join again above."),
    "over": "",
}
"""What is to be done or expected, where nothing is wrong."""

REFUSALS: tuple[type[EarshotError], ...] = (LinkExpired, LinkInvalid, SignInEnded, AccessDenied)
"""Why the server may refuse a text, in words of its own."""


def persona_talk_words(translate: Translate, persona: CallPersona, end_tip: str) -> dict[str, object]:
    """Every word that the talk view's script shows. `end_tip` says what *End* does."""
    _ = translate
    titles = {state: _(text) for state, text in TITLES.items()}
    return {
        "view": _("Conversation with {name}").format(name=persona.name),
        "states": titles,
        "lines": {state: _(text) if text else "" for state, text in LINES.items()},
        "long_thought": _("Thinking for {seconds} s. You may press Interrupt and ask anew."),
        "offline": _("The connection to the server is interrupted. Reconnecting…"),
        "colleague": _("A colleague"),
        "interrupt": _("Interrupt"),
        "interrupt_tip": _("Ends what is being said or thought about. Key: Escape."),
        "escape": "Esc",
        "end": _("End"),
        "end_tip": end_tip,
        "transcript": _("Transcript"),
        "nothing_yet": _("What you both say appears here, a moment after it is spoken."),
        "nothing_said": _("Nothing was said in this call."),
        "jump": _("Jump to latest"),
        "you": _("You"),
        "typed": _("written"),
        "cut": _("interrupted"),
        "write": _("Write instead of speaking"),
        "write_later": _("You can write once you have pressed START"),
        "write_label": _("Message to {name}").format(name=persona.name),
        "write_tip": _("Enter sends, Shift+Enter begins a new line."),
        "send": _("Send"),
        "characters_left": _("{count} characters left"),
        "too_long": _("{count} characters too long; at most {longest} can be sent."),
        "sending": _("Being sent…"),
        "sending_again": _("Not there yet; it is being sent again…"),
        "sent": _("Sent"),
        "not_sent": _("Not sent. {reason}"),
        "unreachable": _("The server could not be reached."),
        "refused": _("The server did not take it."),
        "refusals": {kind.__name__: describe(kind(), _) for kind in REFUSALS}
        | {"CallEnded": _("The conversation has ended"), "CallNotFound": _("The conversation has ended")},
        "try_again": _("Try again"),
        "discard": _("Discard"),
        "roles": {role.value: _(text) for role, text in ROLES.items() if role is not Role.CUSTOMER},
        "end_reasons": {reason.value: _(text) for reason, text in END_REASONS.items()},
        "notes": {code: _(text) for code, text in NOTES.items()},
    }
