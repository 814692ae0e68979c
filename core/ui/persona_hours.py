"""When each persona is open, and a supervisor's word that it is to be otherwise for a while."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from html import escape

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate, message
from core.language.formats import full_day, weekday
from core.model.access import Right
from core.model.opening_hours import OpeningHours, Span
from core.model.persona import PersonaOffer
from core.ui.call_list import LIVE_PAGE
from core.ui.page_errors import said_on_the_page
from core.ui.persona_words import REHEARSAL
from core.ui.reader import Reader


class Until(StrEnum):
    """How long a supervisor's word holds."""

    HOUR = "hour"
    THREE_HOURS = "three_hours"
    MIDNIGHT = "midnight"
    STATED = "stated"


UNTIL = {
    Until.HOUR: message("For an hour"),
    Until.THREE_HOURS: message("For three hours"),
    Until.MIDNIGHT: message("Until midnight"),
    Until.STATED: message("Until …"),
}
LENGTHS_OFFERED = tuple(Until)
LENGTHS = {Until.HOUR: timedelta(hours=1), Until.THREE_HOURS: timedelta(hours=3)}


def persona_hours_panel(desk: Desk, now: float, reader: Reader) -> None:
    """Draw the hours of every persona, for whoever may change them; nothing for others. Script thread.

    `now` is in seconds since the Unix epoch. Put it where no leg runs: it comes and goes with the personas.
    """
    if not desk.may(Right.CHANGE_HOURS):
        return
    _ = reader.translate
    offers = desk.persona_offers()
    if not offers:
        return
    st.subheader(_("Opening hours"), anchor=False)
    st.caption(
        _(
            "Outside its hours nobody can begin a call with a persona, and those that run end politely. "
            "Rehearsals ignore them."
        )
    )
    for offer in offers:
        with st.container(border=True, key=f"hours-{offer.persona.id}"):
            _one(desk, offer, now, reader)


def _one(desk: Desk, offer: PersonaOffer, now: float, reader: Reader) -> None:
    _, persona = reader.translate, offer.persona
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f"<b>{escape(persona.name)}</b>", width="content")
        is_open = offer.opening.is_open or offer.is_rehearsal
        st.badge(_("open now") if is_open else _("closed now"), color="green" if is_open else "gray")
        if offer.is_rehearsal:
            st.badge(_(REHEARSAL), color="orange")
        elif persona.autostart:
            st.badge(
                _("starts by itself"),
                color="blue",
                help=_("At opening time a call is made ready, so that whoever comes first is greeted without waiting."),
            )
        st.markdown(not_a_list(_state(offer, now, reader)), width="stretch")
        if offer.ready_call_id is not None:
            st.page_link(
                LIVE_PAGE,
                label=_("A call is ready"),
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params={"call": offer.ready_call_id},
                width="content",
            )
        if not offer.is_rehearsal:
            _ways(desk, offer, now, reader)
    if offer.override is not None and not offer.is_rehearsal:
        words = (
            _("{name} keeps it open until {moment}.")
            if offer.override.is_open
            else _("{name} keeps it closed until {moment}.")
        )
        st.caption(words.format(name=offer.override.by, moment=reader.moment(offer.override.until, now)))
    with st.expander(_("Hours of the week")):
        st.html(week_table(offer.hours, now, reader))


def _state(offer: PersonaOffer, now: float, reader: Reader) -> str:
    _, opening = reader.translate, offer.opening
    if offer.is_rehearsal:
        return _("Its hours are in force once a key is set.")
    if opening.changes_at is None:
        return ""
    moment = reader.moment(opening.changes_at, now)
    return (_("closes at {moment}") if opening.is_open else _("opens at {moment}")).format(moment=moment)


def _ways(desk: Desk, offer: PersonaOffer, now: float, reader: Reader) -> None:
    _, persona_id = reader.translate, offer.persona.id
    if offer.override is not None and st.button(
        _("End the override"),
        icon=":material/undo:",
        help=_("Its own hours are in force again at once."),
        key=f"hours-end-{persona_id}",
    ):
        with said_on_the_page(_):
            desk.end_override(persona_id)
            st.rerun()
    with st.popover(_("Open or close it"), icon=":material/schedule:"):
        _form(desk, offer, now, reader)


def _form(desk: Desk, offer: PersonaOffer, now: float, reader: Reader) -> None:
    _, persona_id = reader.translate, offer.persona.id
    what = st.radio(
        _("Opening hours"),
        (True, False),
        index=1 if offer.opening.is_open else 0,
        format_func=lambda is_open: _("Keep it open") if is_open else _("Keep it closed"),
        horizontal=True,
        label_visibility="collapsed",
        key=f"hours-what-{persona_id}",
    )
    length = st.selectbox(
        _("How long"), LENGTHS_OFFERED, format_func=lambda each: _(UNTIL[each]), key=f"hours-length-{persona_id}"
    )
    until = moment_after(length, now, reader)
    if length is Until.STATED:
        default = datetime.fromtimestamp(now, reader.zone) + timedelta(hours=2)
        with st.container(horizontal=True):
            day = st.date_input(
                _("Day"),
                default.date(),
                min_value=default.date() - timedelta(days=1),
                key=f"hours-day-{persona_id}",
                width=150,
            )
            at = st.time_input(
                _("Time"), default.time().replace(minute=0, second=0), key=f"hours-at-{persona_id}", width=120
            )
        if isinstance(day, date) and at is not None:
            until = datetime.combine(day, at, reader.zone).astimezone(UTC).timestamp()
    words = _("Open until {moment} ({zone}).") if what else _("Closed until {moment} ({zone}).")
    st.caption(not_a_list(words.format(moment=reader.moment(until, now), zone=reader.zone.key)))
    if not what:
        st.caption(_("Calls with it that run now say goodbye and end."))
    if st.button(_("Apply"), type="primary", key=f"hours-apply-{persona_id}"):
        with said_on_the_page(_):
            desk.override_hours(persona_id, bool(what), until)
            st.rerun()


def not_a_list(text: str) -> str:
    """A sentence as Markdown that may begin with a day: `2026. 11. 30.` would begin a list."""
    return re.sub(r"^(\d+)\.", r"\1\\.", text)


def moment_after(length: Until, now: float, reader: Reader) -> float:
    """When a length of time that begins now is over, in seconds since the Unix epoch; midnight is the reader's."""
    if length is Until.MIDNIGHT:
        tomorrow = datetime.fromtimestamp(now, reader.zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time.min, reader.zone).timestamp()
    return now + LENGTHS.get(length, timedelta(hours=2)).total_seconds()


def week_table(hours: OpeningHours, now: float, reader: Reader) -> str:
    """The hours of a week and the holidays to come, as HTML, on the clock of the hours' own time zone."""
    _ = reader.translate
    rows = "".join(
        f"<tr><th>{escape(weekday(day, reader.locale))}</th><td>{escape(_spans(spans, _))}</td></tr>"
        for day, spans in enumerate(hours.week)
    )
    today = datetime.fromtimestamp(now, UTC).date() - timedelta(days=1)
    ahead = sorted(day for day in hours.holidays if day >= today)
    named = "; ".join(full_day(day, reader.locale) for day in ahead)
    closed = f"<p>{escape(_('Closed on {days}.').format(days=named))}</p>" if ahead else ""
    zone = escape(_("Times of {zone}.").format(zone=hours.time_zone))
    return f'<table class="es-hours">{rows}</table><p>{zone}</p>{closed}'


def _spans(spans: tuple[Span, ...], translate: Translate) -> str:
    if not spans:
        return translate("closed")
    if spans == (Span(time.min, time.min),):
        return translate("all day")
    return ", ".join(
        f"{span.since:%H:%M}–{'24:00' if span.until == time.min else f'{span.until:%H:%M}'}" for span in spans
    )
