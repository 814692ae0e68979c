"""Why a call is as it is: each cause with what it means, what to do, and the figures that show it."""

from html import escape

import streamlit as st

from core.language.catalogue import Translate
from core.language.formats import duration
from core.model.diagnosis import HARMLESS, Diagnosis
from core.model.snapshot import CallSnapshot
from core.quality.diagnosis_words import DiagnosisWords, diagnosis_words
from core.ui.quality_marks import names_of_legs
from core.ui.quality_view import MomentLine


def causes(picture: CallSnapshot, translate: Translate) -> None:
    """Draw the causes that were found, the worst first. Script thread."""
    _ = translate
    st.subheader(_("Why it sounds as it does"), anchor=False)
    told = _told(picture, _)
    if not told:
        st.success(_("The figures show no cause of trouble."), icon=":material/check_circle:")
        return
    cards = "".join(_card(diagnosis, words, _) for diagnosis, words in told)
    st.html(f'<div class="es-causes">{cards}</div>')


def cause_moments(picture: CallSnapshot, translate: Translate) -> tuple[MomentLine, ...]:
    """The causes as lines of the page's list of moments."""
    return tuple(
        MomentLine(diagnosis.start_s, words.title, _lasted(diagnosis, translate), until_s=diagnosis.end_s)
        for diagnosis, words in _told(picture, translate)
    )


def _told(picture: CallSnapshot, translate: Translate) -> list[tuple[Diagnosis, DiagnosisWords]]:
    names = names_of_legs(picture)
    return [
        (each, diagnosis_words(each, names.get(each.leg_id, "") if each.leg_id else "", translate))
        for each in picture.quality.diagnoses
    ]


def _lasted(diagnosis: Diagnosis, translate: Translate) -> str:
    if diagnosis.end_s is None:
        return translate("since {time}").format(time=duration(diagnosis.start_s))
    times = {"from": duration(diagnosis.start_s), "to": duration(diagnosis.end_s)}
    return translate("{from} to {to}").format(**times)


def _card(diagnosis: Diagnosis, words: DiagnosisWords, translate: Translate) -> str:
    _ = translate
    evidence = " · ".join(
        f"{escape(each.label)} <b>{escape(each.value)}</b>"
        + (f" ({escape(_('limit {limit}').format(limit=each.limit))})" if each.limit else "")
        for each in words.evidence
    )
    doubt = "" if diagnosis.is_certain else f" <em>{escape(_('likely, not certain'))}</em>"
    return (
        f'<section class="es-cause{" es-harmless" if diagnosis.cause in HARMLESS else ""}">'
        f"<h4>{escape(words.title)}{doubt}<small>{escape(_lasted(diagnosis, _))}</small></h4>"
        f"<p>{escape(words.meaning)}</p>"
        f"<p><b>{escape(_('What to do:'))}</b> {escape(words.cure)}</p>"
        + (f'<p class="es-evidence">{evidence}</p>' if evidence else "")
        + "</section>"
    )
