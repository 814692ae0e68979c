"""What a browser remembers for its reader across reloads: small choices and ids, in cookies of this site.

A new session reads them from its own request, so nothing has to run twice. They are written by a script in the page.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

PREFIX = "earshot_"
KEEP_S = 7 * 24 * 3600
_SAFE = re.compile(r"[^A-Za-z0-9_-]")

SCRIPT = """
export default function ({ data }) {
  const root = new URL(".", window.location.href).pathname;
  for (const [name, value] of Object.entries(data.cookies)) {
    const age = value === null ? 0 : data.keep_s;
    document.cookie = `${name}=${encodeURIComponent(value ?? "")}; path=${root}; max-age=${age}; samesite=strict`;
  }
}
"""

_component = st.components.v2.component("earshot_browser_memory", js=SCRIPT)


class BrowserMemory:
    """What one session knows of its browser's memory. Script thread.

    Reading and writing it never touches the session's state: there Streamlit may break a script run off, and a seat
    that was taken in that moment would be forgotten.
    """

    def __init__(self) -> None:
        self.pending: dict[str, str | None] = {}
        """Cookies to be written, None for one to be forgotten."""

    def remember(self, name: str, value: str | None) -> None:
        """Have the browser keep `value` under `name`, or forget it (None). Takes effect with `kept_memory`."""
        self.pending[_cookie(name)] = value

    def recall(self, name: str) -> str | None:
        """What was remembered under `name`, in this session or by this browser before."""
        cookie = _cookie(name)
        if cookie in self.pending:
            return self.pending[cookie] or None
        return unquote(st.context.cookies.get(cookie) or "") or None


def browser_memory() -> BrowserMemory:
    """This session's one memory. Script thread."""
    memory: BrowserMemory = st.session_state.setdefault("browser_memory", BrowserMemory())
    return memory


@contextmanager
def kept_memory() -> Iterator[None]:
    """Send to the browser what is to be remembered. Script thread; around everything that a run draws.

    Before the page, too: a run that is broken off, as those are in which a connection comes about, leaves its part to
    the next one, and the reader may be gone before that has come to its end.
    """
    place = st.container(key="earshot-memory")
    before = dict(browser_memory().pending)
    _write(place, "before", before)
    yield
    if browser_memory().pending != before:
        _write(place, "after", browser_memory().pending)


def _write(place: DeltaGenerator, when: str, cookies: Mapping[str, str | None]) -> None:
    if cookies:
        with place:
            _component(key=f"browser-memory-{when}", data={"cookies": dict(cookies), "keep_s": KEEP_S}, height=1)


def _cookie(name: str) -> str:
    return PREFIX + _SAFE.sub("_", name)
