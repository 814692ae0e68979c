"""The list of scripted demos beside the buttons that begin a call."""

import re

import streamlit as st

from core.assist.scenarios import ScenarioList
from core.language.catalogue import Translate, describe
from core.ui.wording import SPOKEN_LANGUAGES

_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~:$])")


def scripted_demos(found: ScenarioList, locale: str, translate: Translate) -> str | None:
    """Draw the list; the name of the one that was chosen in this run. Script thread."""
    _ = translate
    chosen: str | None = None
    with st.popover(_("Scripted demos"), icon=":material/article:", key="scripted-demos"):
        st.caption(_("A written conversation appears turn by turn. It is text only: there is no sound."))
        with st.container(gap=None):
            for scenario in found.scenarios:
                language = _(SPOKEN_LANGUAGES[scenario.language])
                label = f"{_plain(scenario.title_in(locale))} :gray-badge[{language}]"
                if st.button(label, type="tertiary", icon=":material/play_arrow:", key=f"start-script-{scenario.name}"):
                    chosen = scenario.name
        if not found.scenarios and not found.problems:
            st.info(_("There are no scripted demos. demo/README.md tells how to write one."))
        for problem in found.problems:
            st.warning(_plain(describe(problem, _)), icon=":material/warning:")
    return chosen


def _plain(text: str) -> str:
    """A text that Markdown leaves as it is."""
    return _MARKS.sub(r"\\\1", text)
