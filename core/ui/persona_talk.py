"""The customer's view of a call with a persona: its state, what both say, and a box to write in.

The page's script mounts it once. From then on the browser's script (assets/persona_talk.js) draws what the call's
stream brings, and no rerun of the page touches what is being written.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import streamlit as st

from core.calls.personas import LONGEST_TEXT
from core.language.catalogue import Translate
from core.model.call import Call
from core.ui.persona_words import persona_talk_words
from core.ui.theme import ASSETS

SCRIPTS = (
    "dom.js",
    "stream.js",
    "lines.js",
    "text_box.js",
    "outbox.js",
    "dialogue.js",
    "persona_state.js",
    "persona_talk.js",
)
"""Joined in this order to the component's one module."""

_component = st.components.v2.component(
    "earshot_persona_talk",
    css=(ASSETS / "persona_talk.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


def persona_talk(
    call: Call,
    *,
    view_token: str,
    talk_token: str,
    end: Callable[[], None],
    end_tip: str,
    locale: str,
    translate: Translate,
    has_left: bool = False,
) -> None:
    """Mount the view of a call with a persona. Script thread; a rerun leaves it, and above all its box, as it is.

    Put it where the number of elements before it in the same container never changes.

    Args:
        call: As it is now; it has a persona.
        view_token: Lets the browser read the call's stream; empty for somebody who has not taken a seat yet.
        talk_token: Lets the browser write to the persona and interrupt it.
        end: Called in the callback phase of a run, when the reader presses *End*.
        end_tip: What *End* does, in the reader's language.
        locale: The interface's language.
        translate: Into that language.
        has_left: The reader has left on purpose, and may come back.
    """
    assert call.persona is not None
    address = f"api/calls/{quote(call.id)}"
    key = f"persona-talk-{call.id}"
    _component(
        key=key,
        data={
            "call_id": call.id,
            "state": call.state.value,
            "name": call.persona.name,
            "has_left": has_left,
            "locale": locale,
            "stream": f"{address}/stream?{urlencode({'token': view_token, 'locale': locale})}" if view_token else "",
            "text_url": f"{address}/persona/text?{urlencode({'token': talk_token})}",
            "interrupt_url": f"{address}/persona/interrupt?{urlencode({'token': talk_token})}",
            "longest": LONGEST_TEXT,
            "words": persona_talk_words(translate, call.persona, end_tip),
        },
        on_end_change=end,
        on_ended_change=_rerun,
    )


def _rerun() -> None:
    """Nothing to do: that the call ended has made the page run again, and the leg goes."""
