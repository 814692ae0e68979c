"""Who is at this browser, and what the server lets them do. The only place where pages meet `core.backend`."""

import streamlit as st

from core.access.visit import Visit
from core.backend import Backend, current
from core.desk import Desk
from core.guest import Guest
from core.model.access import Person, SignInMethod
from core.settings import Settings

LOOPBACK = "127.0.0.1"


def desk() -> Desk:
    """The desk of whoever is at this browser. Script thread; at every run anew, because a sign-in may have ended.

    Raises:
        ServerStarting: the backend is not open yet, or is being closed.
        NotSignedIn, SignInEnded, RoleUnknown
    """
    server = current()
    return Desk(server, _person(server), _client())


def guest(token: str) -> Guest:
    """What the holder of a join link may do. Script thread. Raises ServerStarting, LinkExpired, LinkInvalid."""
    return Guest(current(), token, _client())


def settings() -> Settings:
    """The settings in force, for pages that are shown to anybody. Script thread. Raises ServerStarting."""
    return current().settings


def sign_in_methods() -> frozenset[SignInMethod]:
    """How people can sign in to this server. Script thread. Raises ServerStarting."""
    return current().sign_in.methods


def _person(server: Backend) -> Person:
    if SignInMethod.OIDC in server.sign_in.methods and st.user.is_logged_in:
        return server.sign_in.with_claims(st.user.to_dict())
    # A browser's session is cookies and headers of the moment in which its page was opened.
    headers = {name.lower(): value for name, value in st.context.headers.to_dict().items()}
    headers.pop("authorization", None)
    return Visit(client=_client(), headers=headers, cookies=st.context.cookies.to_dict()).person(server.sign_in)


def _client() -> str:
    # Streamlit says None of a browser on this machine.
    return st.context.ip_address or LOOPBACK
