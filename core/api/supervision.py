"""The Supervisor page's stream: all running calls, worst first, and what changes in them, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.calls.hearing import GONE
from core.language.catalogue import Translate, describe
from core.model.call import CallId, CallPersona, LegId, Participant, Role
from core.model.diagnosis import Diagnosis
from core.model.errors import EarshotError
from core.model.overview import CallOverview
from core.model.persona import PersonaState
from core.model.quality import Alert
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance
from core.quality.diagnosis_words import diagnosis_words
from core.quality.mos import band_of

POLL_S = 0.5
"""How often the stream looks for other revisions: a look costs one integer a call."""
KEEP_ALIVE_S = 15.0
LONGEST_WORDS = 160
"""Characters of the last words that a row has room for."""

Json = dict[str, Any]


def row(overview: CallOverview, translate: Translate) -> Json:
    """What the list shows of a call, its cause of trouble in words."""
    call = overview.call
    return {
        "id": call.id,
        "state": call.state,
        "origin": call.origin,
        "language": call.language,
        "created_at": call.created_at,
        "live_at": call.live_at,
        "participants": [_participant(each) for each in call.participants],
        "supervisors": [each.name for each in call.participants if _is_supervising(each)],
        "persona": None if call.persona is None else _persona(call.persona, overview.persona_state),
        "mos": None if overview.mos is None else round(overview.mos, 1),
        "band": None if overview.mos is None else band_of(overview.mos),
        "alerts": [_alert(each, call.participants) for each in overview.alerts],
        "cause": None if overview.cause is None else _cause(overview.cause, call.participants, translate),
        "text_alerts": [_text_alert(each) for each in overview.text_alerts],
        "last_words": None if overview.last_words is None else _words(overview.last_words),
    }


def _participant(participant: Participant) -> Json:
    return {
        "id": participant.id,
        "name": participant.name,
        "role": participant.role,
        "leg_state": participant.leg_state,
        "muted": participant.muted,
        "mode": participant.mode,
    }


def _persona(persona: CallPersona, state: PersonaState | None) -> Json:
    return {"name": persona.name, "is_rehearsal": persona.is_rehearsal, "state": state}


def _is_supervising(participant: Participant) -> bool:
    return participant.role is Role.SUPERVISOR and participant.leg_state not in GONE


def _alert(alert: Alert, participants: tuple[Participant, ...]) -> Json:
    return {
        "kind": alert.kind,
        "direction": alert.direction,
        "participant": _name(alert.leg_id, participants),
        "raised_at_s": round(alert.raised_at_s, 1),
    }


def _cause(diagnosis: Diagnosis, participants: tuple[Participant, ...], translate: Translate) -> Json:
    words = diagnosis_words(diagnosis, _name(diagnosis.leg_id, participants), translate)
    return {"title": words.title, "cure": words.cure}


def _name(leg_id: LegId | None, participants: tuple[Participant, ...]) -> str:
    return next((each.name for each in participants if leg_id is not None and each.leg_id == leg_id), "")


def _text_alert(alert: TextAlert) -> Json:
    return {
        "id": alert.id,
        "names": dict(alert.names),
        "level": alert.level,
        "notify": alert.notify,
        "raised_at_s": round(alert.raised_at_s, 1),
    }


def _words(said: Utterance) -> Json:
    text = said.text if len(said.text) <= LONGEST_WORDS else said.text[: LONGEST_WORDS - 1].rstrip() + "…"
    return {"speaker": said.speaker, "role": said.role, "text": text, "at_s": round(said.start_s, 1)}


@dataclass(slots=True)
class ListView:
    """What one page's list has been told. One stream's own."""

    translate: Translate
    is_new: bool = True
    order: list[CallId] = field(default_factory=list)
    rows: dict[CallId, tuple[int, Json]] = field(default_factory=dict)
    """Each call's revision, and its row as of that."""

    def update(self, overviews: tuple[CallOverview, ...]) -> Json | None:
        """What the page needs in order to show these calls; None when it shows them already."""
        rows = {each.call.id: self._row(each) for each in overviews}
        order = list(rows)
        changed = {call_id: new for call_id, (_, new) in rows.items() if self._told(call_id) != new}
        gone = [call_id for call_id in self.order if call_id not in rows]
        is_new = self.is_new
        is_old_news = not (is_new or changed or gone or order != self.order)
        self.is_new, self.order, self.rows = False, order, rows
        return None if is_old_news else {"reset": is_new, "order": order, "calls": changed, "gone": gone}

    def _row(self, overview: CallOverview) -> tuple[int, Json]:
        known = self.rows.get(overview.call.id)
        if known is not None and known[0] == overview.revision:
            return known
        return overview.revision, row(overview, self.translate)

    def _told(self, call_id: CallId) -> Json | None:
        known = self.rows.get(call_id)
        return None if known is None else known[1]


async def list_events(
    overviews: Callable[[], tuple[CallOverview, ...]],
    revisions: Callable[[], Mapping[CallId, int]],
    is_over: Callable[[], bool],
    translate: Translate,
) -> AsyncIterator[str]:
    """The stream of one page, on the server's loop; it goes on for as long as the page is there.

    Args:
        overviews: the running calls, worst first.
        revisions: the running calls' revisions, cheaply.
        is_over: asked before every look: that the server is being stopped, or that the reader may not watch any more.
        translate: puts causes, and the reason why a stream ends, into words.
    """
    view = ListView(translate)
    seen: Mapping[CallId, int] | None = None
    idle_s = 0.0
    while not is_over():
        now = revisions()
        if now != seen:
            seen = now
            try:
                message = view.update(overviews())
            except EarshotError as error:
                gone = {"error": type(error).__name__, "message": describe(error, translate)}
                yield f"event: gone\ndata: {json.dumps(gone)}\n\n"
                return
            if message is not None:
                yield f"data: {json.dumps(message, ensure_ascii=False)}\n\n"
                idle_s = 0.0
        if idle_s >= KEEP_ALIVE_S:
            yield ": still here\n\n"
            idle_s = 0.0
        await asyncio.sleep(POLL_S)
        idle_s += POLL_S
