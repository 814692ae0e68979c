"""The language model's prompts on the settings page: their files, their labels, and a trial on a call that is over."""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Protocol

import streamlit as st

from core.assist.prompt import Choice, Prompt
from core.assist.prompt_folder import PROMPT_LANGUAGES, PromptReport, prompt_form, shipped_file
from core.assist.prompt_trial import PromptTrial
from core.language.catalogue import describe
from core.model.access import Right
from core.model.archive import CallPage, CallQuery, FoundCall
from core.model.call import CallId, CallState, Language
from core.model.errors import EarshotError, ModelNotConfigured
from core.ui.file_editor import EditorWords, FileEditor, as_written
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader
from core.ui.trial_words import trial_table
from core.ui.wording import SPOKEN_LANGUAGES

MOST_CALLS = 50
"""Calls that a prompt may be tried on, latest first."""


class PromptsDesk(Protocol):
    """What the editor asks for. Any thread."""

    def may(self, right: Right) -> bool:
        """Whether to offer something."""

    @property
    def has_model(self) -> bool:
        """Whether a language model is set up."""

    def prompt(self, language: Language) -> PromptReport:
        """The prompt in use for a language, and its file as it is now."""

    def save_prompt(self, text: str, language: Language, digest: str) -> PromptReport:
        """Put a text in the file's place. Raises PromptInvalid, PromptChanged, PromptUnwritable."""

    def search(self, query: CallQuery) -> CallPage:
        """Calls that a prompt may be tried on."""

    def try_prompt(self, call_id: CallId, language: Language, text: str) -> PromptTrial:
        """Ask about an ended call, and keep nothing. Blocking, as long as the model takes. Raises EarshotError."""


def prompts_editor(open_desk: Callable[[], PromptsDesk], reader: Reader) -> None:
    """Draw an editor for every language. Script thread; `open_desk` is called anew at every run."""
    _ = reader.translate
    for tab, language in zip(
        st.tabs([_(SPOKEN_LANGUAGES[language]) for language in PROMPT_LANGUAGES]), PROMPT_LANGUAGES, strict=True
    ):
        with tab:
            _language(open_desk, language, reader)


@st.fragment
def _language(open_desk: Callable[[], PromptsDesk], language: Language, reader: Reader) -> None:
    with said_on_the_page(reader.translate):
        _editor(open_desk, language, reader)


def _editor(open_desk: Callable[[], PromptsDesk], language: Language, reader: Reader) -> None:
    _ = reader.translate
    desk = open_desk()
    name = f"prompt-{language}"

    def in_use(report: PromptReport) -> str:
        state = _(
            "The prompt in {path} is in use, read at {time}: {intents} intents and {risks} kinds of risk. The file is"
            " read again when it changes."
        )
        return state.format(
            path=f"`{report.path}`",
            time=reader.date_and_time(report.read_at or 0.0),
            intents=len(report.content.intents),
            risks=len(report.content.risks),
        )

    FileEditor(
        name=name,
        form=prompt_form(language),
        sample=shipped_file(language),
        words=EditorWords(
            about=_(
                "What the language model is told in calls in this language, and the labels that it may choose from. Try"
                " a change on a past call before you save it."
            ),
            none_yet=_(
                "There is no file {path} yet: the prompt that comes with Earshot is in use. It is below; change it and"
                " save it to make it yours."
            ),
            last_good=_("The last good prompt stays in use."),
            text_help=_(
                "The labels stand at the top, between two lines of +++, each with its Korean and its English name."
                " {intents} and {risks} in the instructions stand for the two lists. Below `+++ wrap_up` and"
                " `+++ question` stand those for records of ended calls and for questions about a call."
            ),
            may_change=_(
                "Administrators may change the prompts. A change counts from the next request on, and is written to the"
                " audit log."
            ),
            may_not_change=_("Only administrators may change the prompts."),
            saved=_("The prompt was saved and is in use."),
            text_label=_("Text of the file (labels in TOML, then the instructions)"),
        ),
        in_use=in_use,
        save=lambda text, digest: open_desk().save_prompt(text, language, digest),
        preview=lambda prompt: _preview(open_desk, prompt, name, reader),
    ).draw(desk.prompt(language), desk.may(Right.CHANGE_SETTINGS), reader)


def _preview(open_desk: Callable[[], PromptsDesk], prompt: Prompt, name: str, reader: Reader) -> None:
    _ = reader.translate
    desk = open_desk()
    with st.expander(_("Labels and their names")):
        for heading, choices in ((_("Intents"), prompt.intents), (_("Risks"), prompt.risks)):
            st.html(_labels(heading, choices, reader.locale))
    st.subheader(_("Try it on a past call"), anchor=False)
    if not desk.has_model:
        st.info(describe(ModelNotConfigured(), _), icon=":material/key_off:")
        return
    found = desk.search(CallQuery(language=prompt.language, state=CallState.ENDED, limit=MOST_CALLS)).calls
    if not found:
        st.info(
            _("No call in this language has ended yet. A scripted demo will do as well."), icon=":material/call_end:"
        )
        return
    st.caption(_("The text above is tried as it is when you press Check, saved or not. Nothing of the answer is kept."))
    calls = {each.call.id: each for each in found}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            _("Past call"),
            list(calls),
            format_func=lambda call_id: _call_name(calls[call_id], reader),
            key=f"{name}-call",
        )
        st.button(
            _("Try it"),
            icon=":material/play_arrow:",
            key=f"{name}-try",
            disabled=not desk.may(Right.CHANGE_SETTINGS),
            help=_("What was said in the call is sent to the language model once more."),
            on_click=partial(_remember, name, chosen),
        )
    _trial(open_desk, prompt.language, name, reader)


def _remember(name: str, call_id: CallId) -> None:
    st.session_state[f"{name}-wanted"] = call_id


def _trial(open_desk: Callable[[], PromptsDesk], language: Language, name: str, reader: Reader) -> None:
    """Ask where it was just wanted; the answer stays until the next one."""
    _ = reader.translate
    wanted: CallId | None = st.session_state.pop(f"{name}-wanted", None)
    if wanted is not None:
        st.session_state.pop(f"{name}-trial", None)
        with st.spinner(_("Asking the language model…"), show_time=True):
            try:
                st.session_state[f"{name}-trial"] = open_desk().try_prompt(
                    wanted, language, st.session_state[f"{name}-text"]
                )
            except EarshotError as error:
                st.error(as_written(describe(error, _)), icon=":material/error:")
    trial: PromptTrial | None = st.session_state.get(f"{name}-trial")
    if trial is None:
        return
    if trial.problem is not None:
        st.error(as_written(describe(trial.problem, _)), icon=":material/error:")
    st.html(trial_table(trial, reader))


def _call_name(found: FoundCall, reader: Reader) -> str:
    began = reader.date_and_time(found.call.created_at)
    return f"{began} · {found.summary}" if found.summary else began


def _labels(heading: str, choices: tuple[Choice, ...], locale: str) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each.label)}</code></td><td>{escape(each.name(locale))}</td></tr>" for each in choices
    )
    return (
        f"<table class='es-hints es-trial'><thead><tr><th scope='col' colspan='2'>{escape(heading)}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
