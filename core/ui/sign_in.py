"""Signing in and out: the page that asks who one is, and the corner of the header that says it."""

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate, describe
from core.model.access import Person, SignInMethod
from core.model.errors import AccessError, NotSignedIn
from core.ui.interface_language import language_switch
from core.ui.session import sign_in_methods
from core.ui.theme import ASSETS
from core.ui.wording import USER_ROLES

_form = st.components.v2.component(
    "earshot_sign_in",
    css=(ASSETS / "sign_in.css").read_text(),
    js=(ASSETS / "sign_in.js").read_text(),
    isolate_styles=False,
)
_button = st.components.v2.component(
    "earshot_sign_out",
    css=(ASSETS / "sign_in.css").read_text(),
    js=(ASSETS / "sign_out.js").read_text(),
    isolate_styles=False,
)


def sign_in_page(reason: AccessError, locale: str, translate: Translate) -> None:
    """Draw the page that stands in place of every other until somebody has signed in. Script thread."""
    _ = translate
    methods = sign_in_methods()
    with st.container(key="earshot-sign-in"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html('<span class="es-brand">Earshot</span>', width="content")
            st.space("stretch")
            language_switch(locale, _("Interface language"))
        st.title(_("Sign in"), anchor=False)
        if not isinstance(reason, NotSignedIn):
            st.warning(describe(reason, _), icon=":material/info:")
        if SignInMethod.OIDC in methods:
            _oidc(_)
        if SignInMethod.PASSWORD in methods:
            _password(_)
        if methods == {SignInMethod.DEVELOPMENT}:
            st.info(
                _(
                    "No accounts are set up, so only a browser on the server's own machine may come in. Open Earshot "
                    "there under http://localhost, or set EARSHOT_USERS_FILE."
                ),
                icon=":material/computer:",
            )
        st.caption(_("To join a call as a customer, open the link that you were sent."))


def _oidc(translate: Translate) -> None:
    _ = translate
    if st.user.is_logged_in:
        if st.button(_("Sign in as somebody else"), icon=":material/logout:", key="oidc-again"):
            st.logout()
    elif st.button(_("Continue with your organisation"), type="primary", icon=":material/login:", key="oidc"):
        st.login()


def _password(translate: Translate) -> None:
    _ = translate
    _form(
        key="sign-in-form",
        data={
            "address": "api/session",
            "name": _("Name"),
            "password": _("Password"),
            "submit": _("Sign in"),
            "busy": _("Signing in…"),
            "refused": _("Name or password is wrong. Try again, or ask an administrator."),
            "too_often": _("Too many attempts. Wait a minute, then try again."),
            "failed": _("The server did not answer. Try again in a moment."),
        },
    )


def who_am_i(desk: Desk, translate: Translate) -> None:
    """Draw who is signed in, and the way out. Script thread."""
    _ = translate
    person = desk.person
    if person.method is SignInMethod.DEVELOPMENT:
        st.badge(
            _("Development mode"),
            icon=":material/construction:",
            color="orange",
            help=_(
                "No accounts are set up: everybody at this machine is an administrator, and nobody else may come in. "
                "Set EARSHOT_USERS_FILE or EARSHOT_OIDC_METADATA_URL for accounts."
            ),
        )
        return
    st.caption(f"{_plain(person)} · {_(USER_ROLES[person.role])}", width="content")
    if person.method is SignInMethod.OIDC:
        if st.button(_("Sign out"), type="tertiary", key="oidc-sign-out"):
            desk.sign_out()
            st.logout()
        return
    _button(
        key="sign-out",
        data={
            "address": "api/session",
            "xsrf": desk.xsrf_token,
            "label": _("Sign out"),
            "failed": _("The server did not answer. Try again in a moment."),
        },
        width="content",
    )


def _plain(person: Person) -> str:
    """A name that Markdown leaves as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>()#+-.!|~:$" else sign for sign in person.name)
