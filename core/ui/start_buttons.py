"""The buttons that begin a call."""

import streamlit as st

from core.backend import Backend
from core.language.catalogue import Translate
from core.model.call import CallId
from core.settings import PROJECT_ROOT
from core.ui.page_errors import said_on_the_page
from core.ui.wording import SPOKEN_LANGUAGES

KOREAN_SCRIPT = PROJECT_ROOT / "demo" / "ko_refund.json"
"""No free Korean voice is understood by the speech engine, so the Korean demo is a conversation in writing."""


def start_buttons(backend: Backend, live_page: str, translate: Translate) -> None:
    """Draw them; a call that was begun is opened at once. Script thread."""
    _ = translate
    begun: CallId | None = None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="start-buttons"):
        if st.button(
            _("Start demo call"),
            type="primary",
            icon=":material/play_arrow:",
            help=_("Two recorded English voices talk for a minute or two: see and hear everything at once."),
            key="start-demo",
        ):
            with st.spinner(_("The demo is being started…")), said_on_the_page(_):
                begun = backend.start_demo().id
        if st.button(
            _("Start Korean demo"),
            icon=":material/article:",
            help=_("A written conversation in Korean appears turn by turn. It is text only: there is no sound."),
            key="start-script",
        ):
            with said_on_the_page(_):
                begun = backend.start_script(KOREAN_SCRIPT, "ko").id
        st.space("medium")
        language = st.segmented_control(
            _("Spoken language"),
            list(SPOKEN_LANGUAGES),
            default=backend.settings.language if backend.settings.language in SPOKEN_LANGUAGES else "en",
            format_func=lambda tag: _(SPOKEN_LANGUAGES[tag]),
            required=True,
            key="spoken-language",
        )
        if st.button(
            _("New call"),
            icon=":material/add_call:",
            help=_("Talk yourself: press START, and give the customer the join link."),
            key="new-call",
        ):
            with said_on_the_page(_):
                begun = backend.start_call(language or backend.settings.language).id
    if begun is not None:
        st.switch_page(live_page, query_params={"call": begun})
