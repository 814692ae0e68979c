"""The settings in force and where each came from; handbook, vocabulary hints, prompts, alert rules and demos.

Only the hints, the prompts and the rules are changed here.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Protocol

import streamlit as st

from core.assist.scenarios import ScenarioList
from core.guidance.background import KnowledgeReport
from core.guidance.knowledge import KnowledgeFile
from core.language.catalogue import Translate, describe
from core.model.errors import EarshotError
from core.settings.loading import Source
from core.settings.report import SettingLine
from core.ui.alerts_editor import AlertsDesk, alerts_editor
from core.ui.hints_editor import HintsDesk, hints_editor
from core.ui.page_errors import said_on_the_page
from core.ui.prompts_editor import PromptsDesk, prompts_editor
from core.ui.reader import Reader
from core.ui.theme import ASSETS
from core.ui.wording import LANGUAGE_BADGES, SETTING_SOURCES, SPOKEN_LANGUAGES

REFRESH_S = 3.0


class SettingsDesk(HintsDesk, PromptsDesk, AlertsDesk, Protocol):
    """What the view asks for. Any thread."""

    def settings_report(self) -> tuple[SettingLine, ...]:
        """Every setting, secrets masked."""

    def knowledge(self) -> KnowledgeReport:
        """The handbook in use, and its files."""

    def scenarios(self) -> ScenarioList:
        """The scripted demos, and the files that were left out."""

    def reload(self) -> None:
        """Have the handbook and the scripted demos read again now. Blocking, some seconds."""


def settings_view(open_desk: Callable[[], SettingsDesk], reader: Reader) -> None:
    """Draw all of them. Script thread.

    The handbook and the demos are drawn again by themselves, and `open_desk` is then called anew: whoever was signed in
    may be so no longer.
    """
    _ = reader.translate
    st.html(f"<style>{(ASSETS / 'settings.css').read_text(encoding='utf-8')}</style>")
    st.title(_("Settings"), anchor=False)
    in_force, handbook, hints, prompts, alerts, demos = st.tabs(
        [
            _("In force"),
            _("Handbook"),
            _("Vocabulary hints"),
            _("Prompts"),
            _("Alert rules"),
            _("Scripted demos"),
        ]
    )
    with in_force, said_on_the_page(_):
        _settings(open_desk().settings_report(), _)
    with handbook:
        _watched_handbook(open_desk, reader)
    with hints:
        hints_editor(open_desk, reader)
    with prompts:
        prompts_editor(open_desk, reader)
    with alerts:
        alerts_editor(open_desk, reader)
    with demos:
        _watched_demos(open_desk, reader)


@st.fragment(run_every=REFRESH_S)
def _watched_handbook(open_desk: Callable[[], SettingsDesk], reader: Reader) -> None:
    with said_on_the_page(reader.translate):
        _handbook(open_desk(), reader)


@st.fragment(run_every=REFRESH_S)
def _watched_demos(open_desk: Callable[[], SettingsDesk], reader: Reader) -> None:
    with said_on_the_page(reader.translate):
        _demos(open_desk(), reader)


def _settings(lines: Sequence[SettingLine], translate: Translate) -> None:
    _ = translate
    st.caption(
        _(
            "Read once, when the server starts. Change them in the environment or in `.env`, then restart; "
            "README.md explains every one."
        )
    )
    wanted = st.text_input(
        _("Search settings"),
        placeholder=_("Search by name, meaning or value"),
        label_visibility="collapsed",
        icon=":material/search:",
        key="settings-search",
    )
    words = (wanted or "").casefold().split()
    found = [line for line in lines if all(word in _searched(line, _) for word in words)]
    if not found:
        st.info(_("No setting matches. Try a part of its name, such as “port”."), icon=":material/search_off:")
    changed = [line for line in found if line.source is not Source.DEFAULT]
    if changed:
        _section(_("Changed from the default"), changed, _)
    elif found and not words:
        st.caption(_("Nothing is set: every setting has its default."))
    defaults = [line for line in found if line.source is Source.DEFAULT]
    for group, members in groupby(defaults, key=lambda line: line.group):
        _section(_(group), list(members), _)


def _searched(line: SettingLine, translate: Translate) -> str:
    texts = (
        line.key,
        line.value,
        translate(line.meaning),
        translate(line.group),
        translate(SETTING_SOURCES[line.source]),
    )
    return " ".join(texts).casefold()


def _section(heading: str, lines: Iterable[SettingLine], translate: Translate) -> None:
    _table(heading, (_setting(line, translate) for line in lines))


def _setting(line: SettingLine, translate: Translate) -> str:
    _ = translate
    hidden, unset = _("set, hidden"), _("not set")
    if line.is_set and not line.is_secret:
        value = f"<code>{escape(line.value)}</code>"
    else:
        value = f'<span class="es-quiet">{escape(hidden if line.is_set else unset)}</span>'
    source = escape(_(SETTING_SOURCES[line.source]))
    badge = f'<span class="es-tag es-{line.source.value}" title="{escape(line.where)}">{source}</span>'
    where = f'<div class="es-quiet es-where">{escape(line.where)}</div>' if line.source is Source.FILE else ""
    meaning = f'<div class="es-quiet">{_marked(_(line.meaning))}</div>'
    name = f'<code class="es-key">{escape(line.key)}</code>'
    return f"<div>{name}{meaning}</div><div>{value}</div><div>{badge}{where}</div>"


def _marked(text: str) -> str:
    """A sentence whose words between backquotes are code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _table(heading: str, rows: Iterable[str]) -> None:
    """A heading and rows of cells, which stand one below the other on a phone."""
    title = f"<h3>{escape(heading)}</h3>" if heading else ""
    body = "".join(f'<div class="es-line" role="listitem">{row}</div>' for row in rows)
    st.html(f'<div class="es-lines" role="list" aria-label="{escape(heading)}">{title}{body}</div>')


def _handbook(desk: SettingsDesk, reader: Reader) -> None:
    _ = reader.translate
    _reload_button(desk, "reload-handbook", _)
    report = desk.knowledge()
    st.caption(
        _("Files in {folder} are read again by themselves a few seconds after they were saved.").format(
            folder=f"`{report.directory}`"
        )
    )
    if report.is_loading:
        st.info(_("The handbook is being read."), icon=":material/hourglass_top:")
    if report.problem is not None:
        sentence = describe(report.problem, _)
        if report.loaded_at is None:
            st.error(sentence, icon=":material/error:")
        else:
            st.warning(f"{sentence} {_('The last good handbook stays in use.')}", icon=":material/warning:")
    if report.loaded_at is not None:
        state = _("{count} entries in use, read at {time}.")
        when = reader.date_and_time(report.loaded_at)
        st.markdown(state.format(count=reader.number(report.entries), time=when))
    if not report.files and report.problem is None and not report.is_loading:
        st.info(_("There are no files yet."), icon=":material/folder_open:")
    files = sorted(report.files, key=lambda file: (not file.problems, file.path))
    if files:
        _table("", (_file(file, reader) for file in files))


def _file(file: KnowledgeFile, reader: Reader) -> str:
    _ = reader.translate
    number = reader.number(file.entries)
    if file.languages or not file.entries:
        count = _("{count} entries").format(count=number) if file.entries else ""
    else:
        count = _("{count} groups of words").format(count=number)
    return (
        f"<div><code>{escape(file.path)}</code>{_problems(file.problems, _)}</div>"
        f'<div class="es-quiet">{escape(count)}</div><div>{_languages(file.languages, _)}</div>'
    )


def _demos(desk: SettingsDesk, reader: Reader) -> None:
    _ = reader.translate
    _reload_button(desk, "reload-demos", _)
    found = desk.scenarios()
    st.caption(_("Files are read again when they change. They are started on the page with the calls."))
    if not found.scenarios and not found.problems:
        st.info(_("There are no scripted demos. demo/README.md tells how to write one."), icon=":material/folder_open:")
    rows = [f"<div>{_problems([problem], _)}</div><div></div><div></div>" for problem in found.problems]
    rows += [
        f"<div>{escape(each.title_in(reader.locale))}"
        f'<div class="es-quiet"><code>{escape(each.path.name)}</code></div></div>'
        f'<div class="es-quiet">{escape(_("{count} turns").format(count=reader.number(len(each.turns))))}</div>'
        f"<div>{_languages((each.language,), _)}</div>"
        for each in found.scenarios
    ]
    if rows:
        _table("", rows)


def _reload_button(desk: SettingsDesk, key: str, translate: Translate) -> None:
    _ = translate
    if st.button(_("Read again now"), icon=":material/refresh:", key=key):
        with st.spinner(_("The files are being read…")), said_on_the_page(_):
            desk.reload()
            st.toast(_("The files were read again."), icon=":material/check:")


def _problems(problems: Iterable[EarshotError], translate: Callable[[str], str]) -> str:
    return "".join(f'<div class="es-problem">{escape(describe(problem, translate))}</div>' for problem in problems)


def _languages(tags: Iterable[str], translate: Translate) -> str:
    return " ".join(
        f'<span class="es-tag" title="{escape(translate(SPOKEN_LANGUAGES.get(tag, tag)))}">'
        f"{escape(LANGUAGE_BADGES.get(tag, tag))}</span>"
        for tag in tags
    )
