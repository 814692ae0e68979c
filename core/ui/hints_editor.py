"""The vocabulary hints on the settings page: their file, what is in use of it, and a preview of what is being typed.

Nothing here draws itself again: a redraw in the middle of a word would break off what a Korean keyboard is composing.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Protocol

import streamlit as st

from core.model.access import Right
from core.speech.hints import HintClass, HintPhrase, SpeechHints
from core.speech.hints_file import HINTS_FORM, SAMPLE, HintsReport
from core.speech.whisper_prompt import whisper_prompt
from core.ui.file_editor import EditorWords, FileEditor
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.wording import SPOKEN_LANGUAGES

MOST_LINES = 200
"""Of one list in the preview."""


class HintsDesk(Protocol):
    """What the editor asks for. Any thread."""

    def may(self, right: Right) -> bool:
        """Whether to offer something."""

    def speech_hints(self) -> HintsReport:
        """The hints in use, and their file as it is now."""

    def save_speech_hints(self, text: str, digest: str) -> HintsReport:
        """Put a text in the file's place. Raises HintsInvalid, HintsChanged, HintsUnwritable."""


@st.fragment
def hints_editor(open_desk: Callable[[], HintsDesk], reader: Reader) -> None:
    """Draw all of it. Script thread; `open_desk` is called anew at every run."""
    with said_on_the_page(reader.translate):
        _editor(open_desk, reader)


def _editor(open_desk: Callable[[], HintsDesk], reader: Reader) -> None:
    _ = reader.translate
    desk = open_desk()

    def in_use(report: HintsReport) -> str:
        state = _("{count} phrases of {path} are in use, read at {time}. The file is read again when it changes.")
        return state.format(
            count=reader.number(report.content.phrase_count),
            path=f"`{report.path}`",
            time=reader.date_and_time(report.read_at or 0.0),
        )

    FileEditor(
        name="hints",
        form=HINTS_FORM,
        sample=SAMPLE,
        words=EditorWords(
            about=_(
                "Names and phrases that are likely to be said: plans, products, places. Google prefers them by their"
                " boost; Whisper is only told of them, which helps less."
            ),
            none_yet=_(
                "There is no file {path} yet, and no hints are in use. Below is an example; save what fits you."
            ),
            last_good=_("The last good hints stay in use."),
            text_help=_("Each entry after a hyphen. A class, such as plan names, is written ${plan} in a phrase."),
            may_change=_(
                "Administrators may change the hints. With Whisper a change counts from the next utterance on, with"
                " Google from the next stream on, at most five minutes later. It is written to the audit log."
            ),
            may_not_change=_("Only administrators may change the hints."),
            saved=_("The hints were saved and are in use."),
        ),
        in_use=in_use,
        save=lambda text, digest: open_desk().save_speech_hints(text, digest),
        preview=lambda hints: _preview(hints, reader),
    ).draw(desk.speech_hints(), desk.may(Right.CHANGE_SETTINGS), reader)


def _preview(hints: SpeechHints, reader: Reader) -> None:
    _ = reader.translate
    if hints.is_empty:
        return
    st.subheader(_("What it means"), anchor=False)
    for language in sorted(hints.languages, key=lambda tag: (tag != "ko", tag)) or [""]:
        own = hints.in_language(language)
        heading = _(SPOKEN_LANGUAGES.get(language, language)) if language else _("All languages")
        with st.expander(heading, expanded=True):
            _phrases(own.phrases, reader)
            _classes(own, reader)
            _whisper(own, reader)


def _phrases(phrases: Sequence[HintPhrase], reader: Reader) -> None:
    _ = reader.translate
    rows = (
        (_code(phrase.value), reader.number(phrase.boost, 1) if phrase.boost is not None else "–")
        for phrase in phrases[:MOST_LINES]
    )
    _table((_("Phrase"), _("Boost")), rows)
    _rest(len(phrases), reader)


def _classes(hints: SpeechHints, reader: Reader) -> None:
    _ = reader.translate
    if not hints.classes:
        return
    used = {name for phrase in hints.phrases for name in phrase.references}

    def row(each: HintClass) -> tuple[str, str]:
        unused = "" if each.name in used else f'<div class="es-problem">{escape(_("No phrase uses this class."))}</div>'
        return _code(f"${{{each.name}}}") + unused, " ".join(map(_code, each.items[:MOST_LINES]))

    _table((_("Class"), _("Items")), map(row, hints.classes))


def _whisper(hints: SpeechHints, reader: Reader) -> None:
    _ = reader.translate
    prompt = whisper_prompt(hints)
    st.caption(_("Whisper is told, before every utterance (about {count} tokens):").format(count=prompt.tokens))
    st.code(prompt.text, language=None, wrap_lines=True)
    if prompt.left_out:
        left_out = _("{count} more do not fit. Those with the highest boost are told first.")
        st.caption(left_out.format(count=reader.number(prompt.left_out)))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(heads: tuple[str, str], rows: Iterable[tuple[str, str]]) -> None:
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr><td>{first}</td><td>{second}</td></tr>" for first, second in rows)
    st.html(f"<table class='es-hints'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _rest(count: int, reader: Reader) -> None:
    if count > MOST_LINES:
        st.caption(reader.translate("{count} more.").format(count=reader.number(count - MOST_LINES)))
