"""What the live view lets a reader do about the call's persona."""

from urllib.parse import quote, urlencode

from core.desk import Desk
from core.model.access import Right
from core.model.call import Call, CallState

EVENTS_PAGE = "persona_events.py"
EVENTS_PATH = "persona_events"
"""The event log's address below the server's."""


def persona_tools(desk: Desk, call: Call, view_token: str) -> dict[str, str]:
    """Addresses for assets/persona_panel.js: to interrupt the persona, and of its event log; empty where the reader may
    not."""
    if call.persona is None:
        return {"interrupt": "", "events": ""}
    may_interrupt = desk.may(Right.STEP_IN) and call.state is not CallState.ENDED
    interrupt = f"api/calls/{quote(call.id)}/persona/interrupt?{urlencode({'token': view_token})}"
    return {
        "interrupt": interrupt if may_interrupt else "",
        "events": f"{EVENTS_PATH}?{urlencode({'call': call.id})}" if desk.may(Right.SEE_ALL_CALLS) else "",
    }
