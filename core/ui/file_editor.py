"""An edited file on the settings page: its text, what is wrong with it, and a preview of what is being typed.

Nothing here draws itself again: a redraw in the middle of a word would break off what a Korean keyboard is composing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import streamlit as st

from core.language.catalogue import Translate, describe
from core.model.errors import EarshotError
from core.model.message import Message
from core.settings.edited_file import FileForm, FileReport
from core.ui.reader import Reader

MARKDOWN = re.compile(r"[\\`*_{}\[\]<>()#$~|:]")
EDITOR_HEIGHT = 420
_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class EditorWords:
    """What an editor says about its file, in the reader's language."""

    about: str
    none_yet: str
    """Where there is no file; {path} is where it would be."""
    last_good: str
    text_help: str
    may_change: str
    may_not_change: str
    saved: str
    text_label: str = ""
    """What the text is; empty for YAML."""


@dataclass(frozen=True, slots=True)
class FileEditor(Generic[_Content]):
    """One file's editor; `save` is called in the callback phase of a run."""

    name: str
    """Begins the keys of what it keeps in the session (`-text`, `-opened`, `-outcome`)."""
    form: FileForm[_Content]
    sample: Path
    """What it begins with where there is no file."""
    words: EditorWords
    in_use: Callable[[FileReport[_Content]], str]
    """A sentence (Markdown) about what is in use of a file that was read."""
    save: Callable[[str, str], FileReport[_Content]]
    """Puts a text in the place of the file with a digest. Raises EarshotError."""
    preview: Callable[[_Content], None]

    def draw(self, report: FileReport[_Content], may_change: bool, reader: Reader) -> None:
        """Draw all of it. Script thread."""
        _ = reader.translate
        st.caption(self.words.about)
        self._state(report, reader)
        self._keep_up(report)
        text = str(st.session_state[self._text])
        content, problem, line = self._checked(text, report)
        opened: FileReport[_Content] = st.session_state[self._opened]
        is_outdated = opened.digest != report.digest
        with st.form(self.name, border=False):
            st.text_area(
                self.words.text_label or _("Text of the file (YAML)"),
                key=self._text,
                height=EDITOR_HEIGHT,
                disabled=not may_change,
                help=self.words.text_help,
            )
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.form_submit_button(
                    _("Check"), icon=":material/fact_check:", disabled=not may_change, key=f"{self.name}-check"
                )
                st.form_submit_button(
                    _("Save"),
                    type="primary",
                    icon=":material/save:",
                    key=f"{self.name}-save",
                    disabled=not may_change or problem is not None or is_outdated,
                    help=_("Correct the text and press Check first.") if problem else None,
                    on_click=self._save,
                )
        st.caption(self.words.may_change if may_change else self.words.may_not_change)
        self._say_outcome(_)
        if problem is not None:
            _wrong(problem, line, text, _)
        if is_outdated:
            self._changed_meanwhile(report, _)
        if content is not None:
            self.preview(content)

    @property
    def _text(self) -> str:
        """What is in the editor, in the session; gone when the reader leaves the page."""
        return f"{self.name}-text"

    @property
    def _opened(self) -> str:
        """The report that the text in the editor began with."""
        return f"{self.name}-opened"

    @property
    def _outcome(self) -> str:
        """What came of pressing Save: an error, or None; said once."""
        return f"{self.name}-outcome"

    def _state(self, report: FileReport[_Content], reader: Reader) -> None:
        if report.problem is not None:
            sentence = as_written(describe(report.problem, reader.translate))
            if report.read_at is not None:
                sentence = f"{sentence} {self.words.last_good}"
            st.warning(sentence, icon=":material/warning:")
        elif report.read_at is None:
            st.info(self.words.none_yet.format(path=f"`{report.path}`"), icon=":material/lightbulb:")
        if report.read_at is not None:
            st.markdown(self.in_use(report))

    def _keep_up(self, report: FileReport[_Content]) -> None:
        """Open the file in the editor: at first, and again when it has changed and the reader has typed nothing."""
        opened = st.session_state.get(self._opened)
        if opened is None or self._text not in st.session_state:
            self._open(report)
            return
        has_typed = st.session_state[self._text] not in (self._beginning(opened), report.text)
        if opened.digest != report.digest and not has_typed:
            self._open(report)

    def _open(self, report: FileReport[_Content]) -> None:
        st.session_state[self._opened] = report
        st.session_state[self._text] = self._beginning(report)

    def _beginning(self, report: FileReport[_Content]) -> str:
        return report.text if report.exists else self.sample.read_text(encoding="utf-8")

    def _checked(self, text: str, report: FileReport[_Content]) -> tuple[_Content | None, Message | None, int]:
        """What the text holds; or why it cannot be used, and the line."""
        try:
            return self.form.check(text, report.path.name), None, 0
        except EarshotError as error:
            reason, line = error.parameters.get("reason"), error.parameters.get("line")
            if not isinstance(reason, Message) or not isinstance(line, int):
                raise
            return None, reason, line

    def _save(self) -> None:
        opened: FileReport[_Content] = st.session_state[self._opened]
        try:
            st.session_state[self._opened] = self.save(st.session_state[self._text], opened.digest)
            st.session_state[self._outcome] = None
        except EarshotError as error:
            st.session_state[self._outcome] = error

    def _say_outcome(self, translate: Translate) -> None:
        if self._outcome not in st.session_state:
            return
        refusal: EarshotError | None = st.session_state.pop(self._outcome)
        if refusal is None:
            st.toast(self.words.saved, icon=":material/check:")
        elif type(refusal) not in (self.form.invalid, self.form.changed):
            # Those two are said at the text itself for as long as they hold.
            st.error(as_written(describe(refusal, translate)), icon=":material/error:")

    def _changed_meanwhile(self, report: FileReport[_Content], translate: Translate) -> None:
        _ = translate
        st.warning(
            _(
                "The file was changed on the disk since you opened it, so it cannot be saved from here. Copy what you"
                " have typed, then open the file as it is now."
            ),
            icon=":material/sync_problem:",
        )
        st.button(
            _("Open the file as it is now"),
            icon=":material/refresh:",
            key=f"{self.name}-open",
            on_click=self._open,
            args=(report,),
        )


def _wrong(reason: Message, line: int, text: str, translate: Translate) -> None:
    _ = translate
    st.error(
        as_written(_("Line {line}: {reason}.").format(line=line, reason=describe(reason, _))),
        icon=":material/error:",
    )
    lines = text.splitlines()
    if line <= len(lines):
        st.code(f"{line:>4}  {lines[line - 1]}", language=None)


def as_written(text: str) -> str:
    """A text for where Markdown is read, with nothing in it taken for Markdown, formulas or icons."""
    return MARKDOWN.sub(r"\\\g<0>", text)
