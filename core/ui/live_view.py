"""The live view: transcript, summary, handbook and charts of one call, kept current by an event stream of its own.

The page's script mounts it once. From then on the browser's script (assets/live_view.js) draws what the stream brings,
so nothing reruns while a call goes on; the one thing that it reports to Python is that the call has ended.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from urllib.parse import quote, urlencode

import streamlit as st

from core.assist.catch_up import catch_up
from core.language.catalogue import Translate
from core.model.call import CallId, CallState
from core.model.snapshot import CallSnapshot
from core.quality.frames import sample_frame
from core.ui.charts.call import LIVE_WINDOW_S, call_figure
from core.ui.persona_panel_words import persona_panel_words
from core.ui.supervision_words import mode_notices
from core.ui.theme import ASSETS, palette, palettes
from core.ui.wording import live_view_words

SCRIPTS = (
    "dom.js",
    "plotly_script.js",
    "stream.js",
    "lines.js",
    "transcript.js",
    "insight.js",
    "questions.js",
    "alerts.js",
    "diagnosis.js",
    "notices.js",
    "persona_panel.js",
    "network.js",
    "paints.js",
    "live_view.js",
)
"""Joined in this order to the component's one module."""

_component = st.components.v2.component(
    "earshot_live_view",
    css=(ASSETS / "live_view.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


MISSED_S = 20.0
"""Whoever opens a call that has been talked in for longer is told what has happened so far."""
Correct = Callable[[str, str], None]
"""Lets an utterance (its id) read differently (the text)."""


def live_view(
    snapshot: CallSnapshot,
    *,
    view_token: str,
    locale: str,
    theme: str,
    public_page: str,
    moment: float | None,
    correct: Correct | None,
    translate: Translate,
    is_agent: bool = False,
    insight_names: Mapping[str, Mapping[str, str]] | None = None,
    persona: Mapping[str, str] | None = None,
) -> None:
    """Mount the view of a call, live or ended. Script thread; a rerun leaves what is drawn as it is.

    Args:
        snapshot: The call as it is now.
        view_token: Lets the browser read the call's stream.
        locale: The interface's language.
        theme: `light` or `dark`.
        public_page: The live page's address for links to moments; empty for the one in the browser.
        moment: What to show at first, in seconds on the call's clock.
        correct: Called in the callback phase of a run; None where the reader may not correct.
        translate: Into the interface's language.
        is_agent: The reader is an agent in this call, and is told of supervisors as such.
        insight_names: What the reader sees for the labels of `intents` and `risks`.
        persona: What the reader may do about the call's persona (`core.ui.persona_panel.persona_tools`).
    """
    call = snapshot.call
    ended = call.state is CallState.ENDED
    key = f"live-view-{call.id}"
    _component(
        key=key,
        data={
            "call_id": call.id,
            "state": call.state.value,
            "locale": locale,
            "public_page": public_page,
            "moment": moment,
            "may_correct": correct is not None,
            "refresh": st.session_state.get(_refresh_key(call.id), 0),
            "stream": f"api/calls/{quote(call.id)}/stream?{urlencode({'token': view_token, 'locale': locale})}",
            "questions": f"api/calls/{quote(call.id)}/questions?{urlencode({'token': view_token})}",
            "catch_up": _catch_up(snapshot),
            "paints": "" if ended else f"api/calls/{quote(call.id)}/paints?{urlencode({'token': view_token})}",
            "plotly": "api/assets/plotly.min.js",
            "palettes": palettes(),
            "is_agent": is_agent,
            "persona": persona or {},
            "words": live_view_words(translate)
            | {
                "modes": mode_notices(translate, with_persona=call.persona is not None),
                "insight_names": insight_names or {},
                "persona": persona_panel_words(translate),
            },
            "figure": figure_json(snapshot, theme, translate),
            "figure_key": f"{theme}|{'ended' if ended else 'live'}",
        },
        on_ended_change=_rerun,
        on_correct_change=partial(_take_correction, key, call.id, correct),
    )


def _catch_up(snapshot: CallSnapshot) -> dict[str, object] | None:
    """What a reader has missed who opens a call that has been going on for a while."""
    first = min((u.start_s for u in snapshot.utterances if u.is_final), default=None)
    if snapshot.call.state is not CallState.LIVE or first is None or snapshot.now_s - first < MISSED_S:
        return None
    missed = catch_up(snapshot.summaries[-1] if snapshot.summaries else None, snapshot.utterances, snapshot.now_s)
    return asdict(missed) if missed else None


def figure_json(snapshot: CallSnapshot, theme: str, translate: Translate) -> str:
    """The call's charts as Plotly JSON: the last minutes of a call that goes on, the whole of one that has ended."""
    call = snapshot.call
    latest = max((s.at_s for s in snapshot.samples), default=0.0)
    if call.state is CallState.ENDED:
        last_word = max((u.end_s for u in snapshot.utterances), default=0.0)
        span = (min((s.at_s for s in snapshot.samples), default=0.0), max(latest, last_word, 1.0))
    else:
        span = (max(0.0, latest - LIVE_WINDOW_S), max(latest, LIVE_WINDOW_S))
    figure = call_figure(
        sample_frame(snapshot.samples),
        utterances=snapshot.utterances,
        participants=tuple(p for p in call.participants if p.role.speaks),
        legs=snapshot.legs,
        span_s=span,
        colours=palette(theme),
        translate=translate,
    )
    return str(figure.to_json())


def _take_correction(key: str, call_id: CallId, correct: Correct | None) -> None:
    given = st.session_state[key].get("correct")
    if correct is None or not isinstance(given, dict):
        return
    correct(str(given.get("id", "")), str(given.get("text", "")))
    # The stream of an ended call is over: another number makes the view ask for it again.
    refresh = _refresh_key(call_id)
    st.session_state[refresh] = st.session_state.get(refresh, 0) + 1


def _refresh_key(call_id: CallId) -> str:
    return f"refresh:{call_id}"


def _rerun() -> None:
    """Nothing to do: that the call ended has made the page run again, and its controls go."""
