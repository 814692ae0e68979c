"""Colours that the pages and the charts share, and the style that every page wears.

`.streamlit/config.toml` holds the theme itself; here is what it cannot say: one colour a speaker, told apart by people
with every kind of colour vision on either background, and the spacing that lets a call fit on one screen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from core.model.call import Participant, ParticipantId, Role

ASSETS = Path(__file__).parent / "assets"
CHART_FONT = '"Source Sans", sans-serif'
"""Streamlit's own, which Plotly does not take over from the page."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as CSS colours."""

    text: str
    muted: str
    grid: str
    limit: str
    """Lines that mark where a figure starts to hurt."""
    roles: Mapping[Role, tuple[str, ...]]
    """Each role's colours, for its first, second, ... participant; they repeat after the last."""


LIGHT = Palette(
    text="#1d2733",
    muted="#5b6875",
    grid="#e3e8ed",
    limit="#c9453c",
    roles={
        Role.AGENT: ("#0a5fb4", "#0b7f8f", "#5a55c8"),
        Role.CUSTOMER: ("#b4500a", "#a3307c", "#6f6a00"),
        Role.SUPERVISOR: ("#5b6875",),
        Role.PERSONA: ("#7a3fc0",),
    },
)
DARK = Palette(
    text="#e3e9ef",
    muted="#9aa7b4",
    grid="#2a333d",
    limit="#f0766c",
    roles={
        Role.AGENT: ("#6cb4ff", "#55cfdd", "#a9a5ff"),
        Role.CUSTOMER: ("#ffa65c", "#f08ccd", "#d6cf5a"),
        Role.SUPERVISOR: ("#9aa7b4",),
        Role.PERSONA: ("#c79bff",),
    },
)


def palette(theme: str | None) -> Palette:
    """The palette of a theme: `dark`, or else light."""
    return DARK if theme == "dark" else LIGHT


def palettes() -> dict[str, object]:
    """Both palettes as plain values, for scripts in the page."""
    return {"light": asdict(LIGHT), "dark": asdict(DARK)}


def participant_colours(participants: Iterable[Participant], colours: Palette) -> dict[ParticipantId, str]:
    """Each participant's colour: the role's, in the order of joining. live_view.js assigns them by the same rule."""
    seen: dict[Role, int] = {}
    result: dict[ParticipantId, str] = {}
    for participant in participants:
        shades = colours.roles[participant.role]
        index = seen.get(participant.role, 0)
        seen[participant.role] = index + 1
        result[participant.id] = shades[index % len(shades)]
    return result


def current_theme() -> str:
    """The reader's theme, `light` or `dark`. Script thread."""
    return st.context.theme.type or "light"


def apply_page_style() -> None:
    """Give the page Earshot's spacing. Script thread; once a run."""
    st.html(f"<style>{(ASSETS / 'page.css').read_text()}</style>")
