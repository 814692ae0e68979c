"""The vocabulary hints on the settings page: their file, what is in use of it, and a preview of what is being typed.

Nothing here draws itself again: a redraw in the middle of a word would break off what a Korean keyboard is composing.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Protocol

import streamlit as st

from core.language.catalogue import Translate, describe
from core.model.access import Right
from core.model.errors import EarshotError, HintsChanged, HintsInvalid
from core.speech.hints import HintClass, HintPhrase, SpeechHints
from core.speech.hints_file import SAMPLE, HintsReport
from core.speech.hints_format import decode_hints, parse_hints
from core.speech.whisper_prompt import whisper_prompt
from core.ui.markup import as_written
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.wording import SPOKEN_LANGUAGES

TEXT = "hints-text"
"""What is in the editor, in the session; gone when the reader leaves the page."""
OPENED = "hints-opened"
"""The report that the text in the editor began with."""
OUTCOME = "hints-outcome"
"""What came of pressing Save: an error, or None; said once."""
MOST_LINES = 200
"""Of one list in the preview."""
EDITOR_HEIGHT = 420


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
    report = desk.speech_hints()
    may_change = desk.may(Right.CHANGE_SETTINGS)
    st.caption(
        _(
            "Names and phrases that are likely to be said: plans, products, places. Google prefers them by their boost;"
            " Whisper is only told of them, which helps less."
        )
    )
    _state(report, reader)
    _keep_up(report)
    text = str(st.session_state[TEXT])
    hints, problem = _checked(text, report)
    opened: HintsReport = st.session_state[OPENED]
    is_outdated = opened.digest != report.digest
    with st.form("hints", border=False):
        st.text_area(
            _("Text of the file (YAML)"),
            key=TEXT,
            height=EDITOR_HEIGHT,
            disabled=not may_change,
            help=_("Each entry after a hyphen. A class, such as plan names, is written ${plan} in a phrase."),
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.form_submit_button(_("Check"), icon=":material/fact_check:", disabled=not may_change)
            st.form_submit_button(
                _("Save"),
                type="primary",
                icon=":material/save:",
                disabled=not may_change or problem is not None or is_outdated,
                help=_("Correct the text and press Check first.") if problem else None,
                on_click=_save,
                args=(open_desk,),
            )
    st.caption(
        _(
            "Administrators may change the hints. A change counts from the next utterance on, and is written to the"
            " audit log."
        )
        if may_change
        else _("Only administrators may change the hints.")
    )
    _say_outcome(_)
    if problem is not None:
        _wrong(problem, text, _)
    if is_outdated:
        _changed_meanwhile(report, _)
    _preview(hints, reader)


def _state(report: HintsReport, reader: Reader) -> None:
    _ = reader.translate
    where = f"`{report.path}`"
    if report.problem is not None:
        sentence = as_written(describe(report.problem, _))
        if report.read_at is not None:
            sentence = f"{sentence} {_('The last good hints stay in use.')}"
        st.warning(sentence, icon=":material/warning:")
    elif report.read_at is None:
        st.info(
            _("There is no file {path} yet, and no hints are in use. Below is an example; save what fits you.").format(
                path=where
            ),
            icon=":material/lightbulb:",
        )
        return
    if report.read_at is not None:
        state = _("{count} phrases of {path} are in use, read at {time}. The file is read again when it changes.")
        st.markdown(
            state.format(
                count=reader.number(report.hints.phrase_count), path=where, time=reader.date_and_time(report.read_at)
            )
        )


def _keep_up(report: HintsReport) -> None:
    """Open the file in the editor: at first, and again when it has changed and the reader has typed nothing."""
    opened = st.session_state.get(OPENED)
    if opened is None or TEXT not in st.session_state:
        _open(report)
        return
    has_typed = st.session_state[TEXT] not in (_beginning(opened), report.text)
    if opened.digest != report.digest and not has_typed:
        _open(report)


def _open(report: HintsReport) -> None:
    st.session_state[OPENED] = report
    st.session_state[TEXT] = _beginning(report)


def _beginning(report: HintsReport) -> str:
    return report.text if report.exists else SAMPLE.read_text(encoding="utf-8")


def _checked(text: str, report: HintsReport) -> tuple[SpeechHints, HintsInvalid | None]:
    path = report.path.name
    try:
        return parse_hints(decode_hints(text.encode("utf-8", errors="replace"), path), path), None
    except HintsInvalid as error:
        return SpeechHints(), error


def _wrong(problem: HintsInvalid, text: str, translate: Translate) -> None:
    _ = translate
    st.error(
        as_written(_("Line {line}: {reason}.").format(line=problem.line, reason=describe(problem.reason, _))),
        icon=":material/error:",
    )
    lines = text.splitlines()
    if problem.line <= len(lines):
        st.code(f"{problem.line:>4}  {lines[problem.line - 1]}", language=None)


def _save(open_desk: Callable[[], HintsDesk]) -> None:
    opened: HintsReport = st.session_state[OPENED]
    try:
        st.session_state[OPENED] = open_desk().save_speech_hints(st.session_state[TEXT], opened.digest)
        st.session_state[OUTCOME] = None
    except EarshotError as error:
        st.session_state[OUTCOME] = error


def _say_outcome(translate: Translate) -> None:
    _ = translate
    if OUTCOME not in st.session_state:
        return
    refusal: EarshotError | None = st.session_state.pop(OUTCOME)
    if refusal is None:
        st.toast(_("The hints were saved and are in use."), icon=":material/check:")
    elif not isinstance(refusal, HintsInvalid | HintsChanged):
        # Those two are said at the text itself for as long as they hold.
        st.error(as_written(describe(refusal, _)), icon=":material/error:")


def _changed_meanwhile(report: HintsReport, translate: Translate) -> None:
    _ = translate
    st.warning(
        _(
            "The file was changed on the disk since you opened it, so it cannot be saved from here. Copy what you have"
            " typed, then open the file as it is now."
        ),
        icon=":material/sync_problem:",
    )
    st.button(_("Open the file as it is now"), icon=":material/refresh:", on_click=_open, args=(report,))


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
