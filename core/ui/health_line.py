"""How the parts of the server are, in one line; what is down says its sentence above everything else."""

from collections.abc import Iterable, Mapping
from typing import Literal

import streamlit as st

from core.language.catalogue import Translate, describe_all
from core.model.health import PartHealth, PartState
from core.ui.wording import PART_STATES, PARTS

_COLOURS: Mapping[PartState, Literal["green", "gray", "orange", "red"]] = {
    PartState.UP: "green",
    PartState.STARTING: "gray",
    PartState.DEGRADED: "orange",
    PartState.DOWN: "red",
}
_ICONS = {
    PartState.UP: ":material/check_circle:",
    PartState.STARTING: ":material/hourglass_top:",
    PartState.DEGRADED: ":material/warning:",
    PartState.DOWN: ":material/error:",
}


def part_name(part: PartHealth, translate: Translate) -> str:
    """The part's name in the reader's words."""
    known = PARTS.get(part.name)
    return translate(known) if known else part.name


def troubles(parts: Iterable[PartHealth], translate: Translate) -> None:
    """Draw a banner for every part that is down or degraded, the needed ones first. Script thread."""
    ailing = [p for p in parts if p.state in (PartState.DOWN, PartState.DEGRADED)]
    for part in sorted(ailing, key=lambda p: (p.state is not PartState.DOWN, not p.needed)):
        show = st.error if part.state is PartState.DOWN and part.needed else st.warning
        state = translate(PART_STATES[part.state])
        show(f"**{part_name(part, translate)}: {state}.** {describe_all(part.detail, translate)}")


def health_line(parts: Iterable[PartHealth], translate: Translate) -> None:
    """Draw every part with its state; the detail is the tooltip. Script thread."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(translate("Server"), width="content")
        for part in parts:
            st.badge(
                f"{part_name(part, translate)}: {translate(PART_STATES[part.state])}",
                icon=_ICONS[part.state],
                color=_COLOURS[part.state],
                help=describe_all(part.detail, translate) or None,
            )
