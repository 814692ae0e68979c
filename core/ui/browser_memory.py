"""What a browser remembers for its reader across reloads: small choices and ids, in cookies of this site.

A new session reads them from its own request, so nothing has to run twice. They are written by a script in the page.
"""

import re
from urllib.parse import unquote

import streamlit as st

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


def remember(name: str, value: str | None) -> None:
    """Have the browser keep `value` under `name`, or forget it (None). Takes effect with `write_memory`."""
    pending = dict(st.session_state.get("browser_memory", {}))
    pending[_cookie(name)] = value
    st.session_state["browser_memory"] = pending


def recall(name: str) -> str | None:
    """What was remembered under `name`, in this session or by this browser before. Script thread."""
    pending = st.session_state.get("browser_memory", {})
    cookie = _cookie(name)
    if cookie in pending:
        return pending[cookie] or None
    return unquote(st.context.cookies.get(cookie) or "") or None


def write_memory() -> None:
    """Send to the browser what is to be remembered. Script thread; once a run, at the page's end."""
    pending = st.session_state.get("browser_memory")
    if pending:
        with st.container(key="earshot-memory"):
            _component(key="browser-memory", data={"cookies": pending, "keep_s": KEEP_S}, height=1)


def _cookie(name: str) -> str:
    return PREFIX + _SAFE.sub("_", name)
