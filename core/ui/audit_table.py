"""The audit log as administrators read it."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core.language.catalogue import Translate, message
from core.model.access import Right
from core.model.audit import AuditAction, AuditEntry
from core.model.call import CallOrigin, SupervisionMode
from core.ui.reader import Reader
from core.ui.wording import ORIGIN_LABELS, ROLES, SPOKEN_LANGUAGES, USER_ROLES

ACTIONS: Mapping[AuditAction, str] = {
    AuditAction.SIGNED_IN: message("signed in"),
    AuditAction.SIGN_IN_REFUSED: message("tried to sign in and was refused"),
    AuditAction.SIGNED_OUT: message("signed out"),
    AuditAction.ACCESS_REFUSED: message("was refused"),
    AuditAction.CALL_STARTED: message("began a call"),
    AuditAction.CALL_ENDED: message("ended a call"),
    AuditAction.DEMO_IMPAIRED: message("impaired a demo call"),
    AuditAction.PERSONA_STARTED: message("began a call with a persona"),
    AuditAction.HOURS_OVERRIDDEN: message("opened or closed a persona for a while"),
    AuditAction.LINK_MADE: message("made a join link"),
    AuditAction.JOINED: message("joined a call"),
    AuditAction.LISTENED: message("listened to a call"),
    AuditAction.SUPERVISED: message("changed how a call is supervised"),
    AuditAction.CORRECTED: message("corrected an utterance"),
    AuditAction.WRAP_UP_FILED: message("filed a wrap-up"),
    AuditAction.EXPORTED: message("exported a call"),
    AuditAction.IMPORTED: message("imported a file"),
    AuditAction.DELETED: message("deleted a call"),
    AuditAction.TOKEN_MADE: message("made an API token"),
    AuditAction.SETTINGS_CHANGED: message("started with changed settings"),
    AuditAction.RELOADED: message("had handbook and demos read again"),
    AuditAction.HINTS_CHANGED: message("changed the vocabulary hints"),
    AuditAction.PROMPT_CHANGED: message("changed a prompt"),
    AuditAction.PROMPT_TRIED: message("tried a prompt on a call"),
    AuditAction.ALERT_RULES_CHANGED: message("changed the alert rules"),
    AuditAction.HANDBOOK_CHANGED: message("changed the handbook"),
}
DETAILS: Mapping[str, str] = {
    "origin": message("kind"),
    "language": message("language"),
    "name": message("name"),
    "mode": message("mode"),
    "utterance": message("utterance"),
    "format": message("format"),
    "hours": message("hours"),
    "right": message("right"),
    "keys": message("settings"),
    "phrases": message("phrases"),
    "rules": message("rules"),
    "change": message("change"),
    "entry": message("entry"),
    "persona": message("persona"),
    "until": message("until"),
}
"""What each detail is called; one that is not here is shown by its own name."""
RIGHTS: Mapping[Right, str] = {
    Right.TALK: message("talk in calls"),
    Right.DEMO: message("begin demo calls"),
    Right.SEE_OWN_CALLS: message("see own calls"),
    Right.SEE_ALL_CALLS: message("see all calls"),
    Right.LISTEN: message("listen to calls"),
    Right.STEP_IN: message("step into calls"),
    Right.CHANGE_HOURS: message("open and close personas"),
    Right.CORRECT: message("correct the transcript"),
    Right.WRAP_UP: message("file wrap-ups"),
    Right.EXPORT: message("download calls"),
    Right.DELETE: message("delete calls"),
    Right.SEE_SERVER: message("see the server's state"),
    Right.SEE_SETTINGS: message("see the settings"),
    Right.CHANGE_SETTINGS: message("change the settings"),
    Right.RELOAD: message("have files read again"),
    Right.READ_HANDBOOK: message("read the handbook"),
    Right.CHANGE_HANDBOOK: message("change the handbook"),
    Right.SEE_AUDIT: message("read the audit log"),
    Right.MAKE_TOKENS: message("make API tokens"),
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "origin": {
        CallOrigin.BROWSER.value: message("between people"),
        **{origin.value: words for origin, words in ORIGIN_LABELS.items()},
    },
    "language": SPOKEN_LANGUAGES,
    "mode": {
        SupervisionMode.MONITOR.value: message("Monitor"),
        SupervisionMode.COACH.value: message("Coach"),
        SupervisionMode.BARGE_IN.value: message("Barge in"),
        SupervisionMode.TAKE_OVER.value: message("Take over"),
    },
    "change": {
        "added": message("file added"),
        "changed": message("file changed"),
        "removed": message("file removed"),
        "opened": message("opened"),
        "closed": message("closed"),
        "as usual": message("hours as usual again"),
    },
    "right": {right.value: words for right, words in RIGHTS.items()},
}
_ROLE_WORDS = {role.value: words for role, words in (*USER_ROLES.items(), *ROLES.items())}
_ALARMING = frozenset({AuditAction.SIGN_IN_REFUSED, AuditAction.ACCESS_REFUSED, AuditAction.DELETED})


def audit_table(entries: Sequence[AuditEntry], reader: Reader) -> None:
    """Draw the lines. Script thread."""
    _ = reader.translate
    heads = (_("When"), _("Who"), _("Role"), _("What"), _("On what"), _("Details"), _("From"))
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    rows = "".join(_line(entry, reader) for entry in entries)
    table = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    st.html(f"<div class='es-scroll'><table class='es-table'>{table}</table></div>")


def told_details(detail: Mapping[str, str], translate: Translate) -> str:
    """A line's details in the reader's language; the role has a column of its own."""
    return ", ".join(
        f"{translate(DETAILS[key]) if key in DETAILS else key}: {_told_value(key, value, translate)}"
        for key, value in detail.items()
        if key != "role"
    )


def _told_value(key: str, value: str, translate: Translate) -> str:
    words = _VALUES.get(key, {}).get(value)
    return translate(words) if words else value


def _line(entry: AuditEntry, reader: Reader) -> str:
    _ = reader.translate
    role = _ROLE_WORDS.get(entry.role, entry.role)
    cells = (
        reader.date_and_time(entry.at),
        entry.person_name or "–",
        _(role) if role else "",
        _(ACTIONS[entry.action]),
        entry.subject,
        told_details(entry.detail, _),
        entry.client,
    )
    alarming = " class='es-alarming'" if entry.action in _ALARMING else ""
    return f"<tr{alarming}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
