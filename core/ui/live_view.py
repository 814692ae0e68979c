"""The live view: transcript, summary, handbook and charts of one call, kept current by an event stream of its own.

The page's script mounts it once. From then on the browser's script (assets/live_view.js) draws what the stream brings,
so nothing reruns while a call goes on; the one thing that it reports to Python is that the call has ended.
"""

from urllib.parse import quote, urlencode

import streamlit as st

from core.language.catalogue import Translate
from core.model.call import CallState
from core.model.snapshot import CallSnapshot
from core.ui.charts import LIVE_WINDOW_S, call_figure, sample_frame
from core.ui.theme import ASSETS, palette, palettes
from core.ui.wording import live_view_words

SCRIPTS = ("dom.js", "transcript.js", "insight.js", "network.js", "live_view.js")
"""Joined in this order to the component's one module."""

_component = st.components.v2.component(
    "earshot_live_view",
    css=(ASSETS / "live_view.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


def live_view(snapshot: CallSnapshot, *, view_token: str, locale: str, theme: str, translate: Translate) -> None:
    """Mount the view of a call, live or ended. Script thread; a rerun leaves what is drawn as it is.

    `view_token` lets the browser read the call's stream; `theme` is `light` or `dark`.
    """
    call = snapshot.call
    ended = call.state is CallState.ENDED
    _component(
        key=f"live-view-{call.id}",
        data={
            "call_id": call.id,
            "state": call.state.value,
            "locale": locale,
            "stream": f"api/calls/{quote(call.id)}/stream?{urlencode({'token': view_token})}",
            "plotly": "api/assets/plotly.min.js",
            "palettes": palettes(),
            "words": live_view_words(translate),
            "figure": figure_json(snapshot, theme, translate),
            "figure_key": f"{theme}|{'ended' if ended else 'live'}",
        },
        on_ended_change=_rerun,
    )


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


def _rerun() -> None:
    """Nothing to do: that the call ended has made the page run again, and its controls go."""
