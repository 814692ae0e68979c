"""The charts of the Quality page: drawn by the browser's script, which asks the server for the points of a stretch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import streamlit as st

from core.language.catalogue import Translate
from core.model.call import CallId
from core.ui.call_list import MOMENT
from core.ui.charts.quality import DASHES, quality_figure
from core.ui.charts.quality_picture import QualityPicture
from core.ui.metric_words import DIRECTIONS_SHORT, VANTAGES
from core.ui.theme import ASSETS, palette, participant_colours

SCRIPTS = ("dom.js", "plotly_script.js", "said.js", "quality_view.js")
"""Joined in this order to the component's one module."""

_component = st.components.v2.component(
    "earshot_quality_view",
    css=(ASSETS / "quality_view.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in SCRIPTS),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True)
class MomentLine:
    """A line of the list of moments to look at."""

    at_s: float
    title: str
    detail: str
    until_s: float | None = None


def quality_view(
    picture: QualityPicture,
    moments: Sequence[MomentLine],
    *,
    call_id: CallId,
    view_token: str,
    moment: float | None,
    is_running: bool,
    theme: str,
    translate: Translate,
) -> None:
    """Mount the charts, the list of moments, and what was said at the one that is chosen. Script thread.

    Args:
        picture: What to draw of the whole call.
        moments: What to look at first.
        call_id: The call.
        view_token: Lets the browser ask for the points of a stretch.
        moment: What is chosen at first, in seconds on the call's clock.
        is_running: Whether the call goes on.
        theme: `light` or `dark`.
        translate: Into the interface's language.
    """
    colours = palette(theme)
    colour_of = participant_colours(picture.participants, colours)
    live_page = f"live?{urlencode({'call': call_id})}"
    _component(
        key=f"quality-view-{call_id}",
        data={
            "call_id": call_id,
            "figure": str(quality_figure(picture, colours, translate).to_json()),
            "window": f"api/calls/{quote(call_id)}/quality?{urlencode({'token': view_token})}",
            "plotly": "api/assets/plotly.min.js",
            "limit_colour": colours.limit,
            "text_colour": colours.text,
            "transcript": f"{live_page}&{MOMENT}=",
            "moment": moment,
            "is_running": is_running,
            "moments": [
                {"at_s": each.at_s, "until_s": each.until_s, "title": each.title, "detail": each.detail}
                for each in moments
            ],
            "said": [
                {
                    "id": said.id,
                    "speaker": said.speaker,
                    "colour": colour_of.get(said.participant_id, colours.muted),
                    "text": said.text,
                    "start_s": said.start_s,
                    "end_s": said.end_s,
                    "confidence": said.confidence,
                    "loss_pct": picture.doubted.get(said.id),
                }
                for said in picture.utterances
                if said.text
            ],
            "people": [
                {"name": p.name, "colour": colour_of[p.id]}
                for p in picture.participants
                if p.id in {picture.legs.get(line.leg_id) for line in picture.lines}
            ],
            "kinds": [
                {
                    "dash": dash,
                    "text": f"{translate(DIRECTIONS_SHORT[direction])} · {translate(VANTAGES[vantage])}",
                }
                for (direction, vantage), dash in zip(picture.kinds, DASHES, strict=False)
            ],
            "words": _words(translate),
        },
    )


def _words(translate: Translate) -> Mapping[str, str]:
    _ = translate
    return {
        "charts": _("Charts of the whole call"),
        "chart_label": _(
            "Charts over time, one below the other. Left and right arrow keys move the chosen moment by a second, with "
            "Shift by ten; plus and minus zoom; 0 shows the whole call. The figures are also in a table below."
        ),
        "loading": _("Loading the charts…"),
        "unavailable": _("The charts could not be loaded. Reload the page; the tables below have the figures."),
        "whole": _("Whole call"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "zoom_tip": _("Drag across a chart to zoom in on a stretch; a double click shows the whole call again."),
        "detailed": _("{from} to {to}, every second"),
        "coarse": _("{from} to {to}, coarse: the points of this stretch could not be loaded."),
        "fetching": _("Loading the points of this stretch…"),
        "moments": _("Moments to look at"),
        "no_moments": _("No figure went beyond its limit."),
        "said": _("What was being said"),
        "said_at": _("What was being said at {time}"),
        "choose": _("Click a moment in the charts to read what was being said."),
        "silence": _("Nobody spoke at this moment."),
        "nothing_said": _("Nothing was said in this call."),
        "transcript": _("Open the transcript here"),
        "doubted": _(
            "The engine's confidence in this sentence fell to {confidence} % while {loss} % of the packets were lost. "
            "Confidence is kept for whole sentences, not for single words."
        ),
        "confidence": _("Confidence {percent} %"),
        "doubted_mark": _("Confidence fell during loss"),
    }
