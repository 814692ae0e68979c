"""Where somebody brings a file: a component of its own, because Streamlit's would hold the whole file in memory."""

import streamlit as st

from core.calls.import_shelf import LARGEST
from core.language.catalogue import Translate
from core.quality.imports import LARGEST_MB
from core.ui.theme import ASSETS

BROUGHT = "brought"

_component = st.components.v2.component(
    "earshot_import_panel",
    css=(ASSETS / "import_panel.css").read_text(),
    js="\n".join((ASSETS / name).read_text() for name in ("dom.js", "import_panel.js")),
    isolate_styles=False,
)


def import_panel(xsrf: str, translate: Translate) -> str | None:
    """Draw it; returns the id of a file that has just arrived at the server. Script thread."""
    _ = translate
    result = _component(
        key="import-panel",
        data={
            "address": "api/imports",
            "xsrf": xsrf,
            "limit": LARGEST,
            "words": {
                "choose": _("Choose a file…"),
                "hint": _(
                    "Or drop it here. A dump of chrome://webrtc-internals (.txt, .gz) or a Parquet file of Earshot, up "
                    "to {limit} MB. It is looked at here and kept nowhere."
                ).format(limit=LARGEST_MB),
                "sending": _("Sending {name}…"),
                "failed": _("The file did not reach the server. Check the connection, and try again."),
                "too_large": _("The file is larger than {limit} MB. Pack it with gzip, or save a shorter part.").format(
                    limit=LARGEST_MB
                ),
            },
        },
        on_brought_change=_nothing,
    )
    brought = result.get(BROUGHT)
    return str(brought) if brought else None


def _nothing() -> None:
    """A component tells of a trigger only if somebody listens."""
