"""The personas that one can talk with, each on a card: what it is, when it is open, and the button to talk."""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from core.desk import Desk
from core.language.catalogue import describe
from core.language.formats import full_day
from core.model.call import CallId, PersonaId
from core.model.persona import Persona, PersonaOffer
from core.ui.page_errors import said_on_the_page
from core.ui.persona_words import REHEARSAL, REHEARSAL_TIP
from core.ui.reader import Reader
from core.ui.wording import SPOKEN_LANGUAGES

COLUMNS = 2


def persona_choice(desk: Desk, now: float, reader: Reader, begun: Callable[[CallId], None]) -> None:
    """Draw the cards, and the files that cannot be used. Script thread.

    Args:
        desk: Of whoever chooses.
        now: Seconds since the Unix epoch.
        reader: Whoever reads.
        begun: Takes the call that the reader has begun.
    """
    _ = reader.translate
    offers = desk.persona_offers()
    if not offers:
        folder = str(desk.settings.persona_dir)
        st.info(
            _("There is no persona to talk with. Put a persona's file into {folder}.").format(folder=f"`{folder}`"),
            icon=":material/record_voice_over:",
        )
    _cards(desk, offers, now, reader, begun)
    if any(offer.opening.changes_at is not None and not offer.is_rehearsal for offer in offers):
        st.caption(_("All times are those of your time zone, {zone}.").format(zone=reader.zone.key))
    for problem in desk.persona_problems():
        st.warning(describe(problem, _), icon=":material/warning:")


def _cards(
    desk: Desk, offers: Sequence[PersonaOffer], now: float, reader: Reader, begun: Callable[[CallId], None]
) -> None:
    for first in range(0, len(offers), COLUMNS):
        row = offers[first : first + COLUMNS]
        for column, offer in zip(st.columns(COLUMNS, gap="small"), row, strict=False):
            # As high as its neighbour, with the buttons on one line.
            with column, st.container(border=True, height="stretch", key=f"persona-{offer.persona.id}"):
                _card(desk, offer, now, reader, begun)


def _card(desk: Desk, offer: PersonaOffer, now: float, reader: Reader, begun: Callable[[CallId], None]) -> None:
    _, persona = reader.translate, offer.persona
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<h3 class="es-persona-name">{escape(persona.name)}</h3>', width="content")
        st.badge(_(SPOKEN_LANGUAGES.get(persona.language, persona.language)), color="gray")
        if offer.is_rehearsal:
            st.badge(_(REHEARSAL), color="orange", icon=":material/theater_comedy:", help=_(REHEARSAL_TIP))
    st.html(f'<div class="es-row">{_description(offer, now, reader)}</div>')
    if offer.problem is not None:
        st.error(describe(offer.problem, _), icon=":material/error:")
    reason = _reason(offer, now, reader)
    if (
        st.button(
            _("Talk"),
            type="primary",
            icon=":material/mic:",
            key=f"talk-{persona.id}",
            disabled=bool(reason),
            help=reason
            or _("Begins a call with {name}. Your browser asks for the microphone.").format(name=persona.name),
        )
        and (call_id := _begin(desk, persona.id, reader)) is not None
    ):
        begun(call_id)


def _begin(desk: Desk, persona_id: PersonaId, reader: Reader) -> CallId | None:
    call_id = None
    with said_on_the_page(reader.translate):
        call_id = desk.start_persona(persona_id).id
    return call_id


def _description(offer: PersonaOffer, now: float, reader: Reader) -> str:
    _, persona = reader.translate, offer.persona
    voice = _("Voice {voice} · {model}").format(voice=persona.voice, model=persona.model)
    look = "es-persona-hours" if is_open(offer) else "es-persona-hours es-closed"
    lines = [
        *([f"<div>{escape(persona.description)}</div>"] if persona.description else []),
        # When it is open is of no use where nobody can talk with it at all.
        *([] if offer.problem else [f'<div class="{look}">{escape(hours(offer, now, reader))}</div>']),
        *_retiring(persona, reader),
        f'<div class="es-meta">{escape(voice)}</div>',
    ]
    return "".join(lines)


def _retiring(persona: Persona, reader: Reader) -> list[str]:
    _ = reader.translate
    if persona.retires_on is None:
        return []
    words = _("Its model {model} is shut down on {day}.").format(
        model=persona.model, day=full_day(persona.retires_on, reader.locale)
    )
    return [f'<div class="es-persona-retiring">{escape(words)}</div>']


def is_open(offer: PersonaOffer) -> bool:
    """Whether one may talk with it now, as far as its hours go."""
    return offer.is_rehearsal or offer.opening.is_open


def hours(offer: PersonaOffer, now: float, reader: Reader) -> str:
    """Until when it is open, or when it opens, in the reader's time zone."""
    _, opening = reader.translate, offer.opening
    if offer.is_rehearsal:
        return _("Always open, being a rehearsal")
    if opening.changes_at is None:
        return _("Always open") if opening.is_open else _("Closed until further notice")
    moment = reader.moment(opening.changes_at, now)
    return (_("Open until {moment}") if opening.is_open else _("Closed now, opens {moment}")).format(moment=moment)


def _reason(offer: PersonaOffer, now: float, reader: Reader) -> str:
    """Why one cannot talk with it now; empty where one can."""
    if offer.problem is not None:
        return describe(offer.problem, reader.translate)
    return "" if is_open(offer) else hours(offer, now, reader)
