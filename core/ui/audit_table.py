"""The audit log as administrators read it."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core.language.catalogue import message
from core.model.audit import AuditAction, AuditEntry
from core.ui.reader import Reader
from core.ui.wording import ROLES, USER_ROLES

ACTIONS: Mapping[AuditAction, str] = {
    AuditAction.SIGNED_IN: message("signed in"),
    AuditAction.SIGN_IN_REFUSED: message("tried to sign in and was refused"),
    AuditAction.SIGNED_OUT: message("signed out"),
    AuditAction.ACCESS_REFUSED: message("was refused"),
    AuditAction.CALL_STARTED: message("began a call"),
    AuditAction.CALL_ENDED: message("ended a call"),
    AuditAction.LINK_MADE: message("made a join link"),
    AuditAction.JOINED: message("joined a call"),
    AuditAction.LISTENED: message("listened to a call"),
    AuditAction.CORRECTED: message("corrected an utterance"),
    AuditAction.EXPORTED: message("exported a call"),
    AuditAction.DELETED: message("deleted a call"),
    AuditAction.TOKEN_MADE: message("made an API token"),
    AuditAction.SETTINGS_CHANGED: message("started with changed settings"),
    AuditAction.RELOADED: message("had handbook and demos read again"),
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


def _line(entry: AuditEntry, reader: Reader) -> str:
    _ = reader.translate
    role = _ROLE_WORDS.get(entry.role, entry.role)
    detail = ", ".join(f"{key}: {value}" for key, value in entry.detail.items() if key != "role")
    cells = (
        reader.date_and_time(entry.at),
        entry.person_name or "–",
        _(role) if role else "",
        _(ACTIONS[entry.action]),
        entry.subject,
        detail,
        entry.client,
    )
    alarming = " class='es-alarming'" if entry.action in _ALARMING else ""
    return f"<tr{alarming}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
