"""The buttons that begin a call."""

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate
from core.model.access import Right
from core.model.call import CallId
from core.ui.page_errors import said_on_the_page
from core.ui.scripted_demos import scripted_demos
from core.ui.wording import SPOKEN_LANGUAGES


def start_buttons(desk: Desk, live_page: str, locale: str, translate: Translate) -> None:
    """Draw those that the person may press; a call that was begun is opened at once. Script thread."""
    begun: CallId | None = None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="start-buttons"):
        if desk.may(Right.DEMO):
            begun = _demos(desk, locale, translate)
        if desk.may(Right.TALK):
            begun = _new_call(desk, translate) or begun
    if begun is not None:
        st.switch_page(live_page, query_params={"call": begun})


def _demos(desk: Desk, locale: str, translate: Translate) -> CallId | None:
    _ = translate
    if st.button(
        _("Start demo call"),
        type="primary",
        icon=":material/play_arrow:",
        help=_("Two recorded English voices talk for a minute or two: see and hear everything at once."),
        key="start-demo",
    ):
        with st.spinner(_("The demo is being started…")), said_on_the_page(_):
            return desk.start_demo().id
    script = scripted_demos(desk.scenarios(), locale, _)
    if script is not None:
        with said_on_the_page(_):
            return desk.start_scenario(script).id
    st.space("medium")
    return None


def _new_call(desk: Desk, translate: Translate) -> CallId | None:
    _ = translate
    language = st.segmented_control(
        _("Spoken language"),
        list(SPOKEN_LANGUAGES),
        default=desk.settings.language if desk.settings.language in SPOKEN_LANGUAGES else "en",
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
            return desk.start_call(language or desk.settings.language).id
    return None
