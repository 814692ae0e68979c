"""The link that lets a customer join: its address, and the button that copies it."""

import ipaddress
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.desk import Desk
from core.language.catalogue import Translate
from core.model.call import CallId
from core.ui.theme import ASSETS

_component = st.components.v2.component(
    "earshot_copy_button",
    css=(ASSETS / "copy_button.css").read_text(),
    js=(ASSETS / "copy_button.js").read_text(),
    isolate_styles=False,
)


def join_token(desk: Desk, call_id: CallId) -> str:
    """The token of a call's link: one a session and call, so that a rerun does not change what the button copies.

    Script thread. Raises CallNotFound.
    """
    key = f"join_token:{call_id}"
    if key not in st.session_state:
        st.session_state[key] = desk.join_token(call_id)
    return str(st.session_state[key])


def join_address(token: str, page_url: str | None, public_url: str = "") -> str:
    """The join page's address: under the public URL or, without one, on the server that shows `page_url`.

    It is a path alone where neither is known.
    """
    query = urlencode({"t": token})
    if public_url:
        return f"{public_url.rstrip('/')}/join?{query}"
    if not page_url:
        return f"/join?{query}"
    parts = urlsplit(page_url)
    folder = parts.path.rsplit("/", 1)[0]
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/join", query, ""))


def is_of_this_machine(address: str) -> bool:
    """Whether nobody else can open an address, because it names the machine that it is opened on."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def copy_button(address: str, translate: Translate) -> None:
    """A button that puts a link on the clipboard, or shows it where the browser forbids that. Script thread.

    It says so where the link is of no use to anybody else.
    """
    _ = translate
    tip = _("A link with which the customer joins this call in a browser.")
    limit = _("This link works on this machine only; others need EARSHOT_PUBLIC_URL to be set.")
    local = is_of_this_machine(address)
    _component(
        key="copy-join-link",
        data={
            "address": address,
            "label": _("Copy join link"),
            "copied": _("Copied"),
            "refused": _("Copy this link:"),
            "tip": f"{tip}\n{limit}" if local else tip,
            "note": _("for this machine only") if local else "",
        },
        width="content",
    )
