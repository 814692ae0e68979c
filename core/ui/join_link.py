"""The link that lets a customer join: its address, and the button that copies it."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.language.catalogue import Translate
from core.ui.theme import ASSETS

_component = st.components.v2.component(
    "earshot_copy_button",
    css=(ASSETS / "copy_button.css").read_text(),
    js=(ASSETS / "copy_button.js").read_text(),
    isolate_styles=False,
)


def join_address(token: str, page_url: str | None) -> str:
    """The join page's address on the server that shows `page_url`; a path alone where that is unknown."""
    query = urlencode({"t": token})
    if not page_url:
        return f"/join?{query}"
    parts = urlsplit(page_url)
    folder = parts.path.rsplit("/", 1)[0]
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/join", query, ""))


def copy_button(address: str, translate: Translate) -> None:
    """A button that puts a link on the clipboard, or shows it where the browser forbids that. Script thread."""
    _ = translate
    _component(
        key="copy-join-link",
        data={
            "address": address,
            "label": _("Copy join link"),
            "copied": _("Copied"),
            "refused": _("Copy this link:"),
            "tip": _("A link with which the customer joins this call in a browser."),
        },
        width="content",
    )
