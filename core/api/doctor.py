"""What the Doctor page's script asks: the server's checks, and a partner for those that the browser makes itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from core.access.tokens import LONGEST
from core.api.errors import status_of
from core.api.visitors import Visitors
from core.desk import Desk
from core.language.catalogue import Translate, describe, describe_all, translator
from core.model.check import CheckReport, CheckState, ServerCheck, TrialAnswers
from core.model.errors import MediaError, TrialsBusy
from core.quality.mos import band_of, mean_opinion_score

BEATS = 5
BEAT_S = 0.25
LONGEST_OFFER = 60_000
"""Characters of a session description with all of its candidates; a usual one has about 3,000."""
Locale = Annotated[str, Query(max_length=20)]
Offer = Annotated[str, Field(min_length=10, max_length=LONGEST_OFFER)]


class ChecksWanted(BaseModel):
    """Which checks of the server are to be run; all where none is named."""

    ids: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=100)] = []


class CheckShown(BaseModel):
    """A check as of now, in words."""

    id: str
    check: ServerCheck
    subject: str
    state: CheckState
    found: str
    cure: str
    took_s: float | None
    ended_at: float | None
    """Seconds since the Unix epoch."""


class ChecksShown(BaseModel):
    """All checks of the server."""

    is_running: bool
    now: float
    """The server's time of day, in seconds since the Unix epoch."""
    checks: list[CheckShown]


class TrialOffers(BaseModel):
    """The two legs of a trial call, each offered with all of its candidates."""

    speaking: Offer
    hearing: Offer


class TrialFigures(BaseModel):
    """What a browser has measured in its trial call."""

    rtt_ms: Annotated[float, Field(ge=0, le=60_000)]
    jitter_ms: Annotated[float, Field(ge=0, le=60_000)]
    loss_pct: Annotated[float, Field(ge=0, le=100)]


class TrialScore(BaseModel):
    """What that means to listeners."""

    mos: float
    band: str


def doctor_routes(visitors: Visitors) -> APIRouter:
    """The routes. The page's token says who asks, and the desk holds the rights."""
    router = APIRouter(prefix="/doctor", responses={403: {"description": "Wrong or expired token, or no right."}})

    def visitor(token: Annotated[str, Query(max_length=LONGEST)]) -> Desk:
        server = visitors.backend()
        return Desk(server, server.tokens.read_doctor_token(token))

    Asking = Annotated[Desk, Depends(visitor)]

    @router.get("/checks")
    def read_checks(desk: Asking, locale: Locale = "en") -> ChecksShown:
        """What the checks of the server have found, or that they go on."""
        return _shown(desk.check_report(), translator(locale))

    @router.post("/runs", status_code=202)
    def run_checks(wanted: ChecksWanted, desk: Asking, locale: Locale = "en") -> ChecksShown:
        """Run checks of the server. Nothing new begins while a run goes on."""
        return _shown(desk.run_checks(frozenset(wanted.ids)), translator(locale))

    @router.get("/ice")
    def ice(desk: Asking) -> dict[str, object]:
        """The STUN and TURN servers of this person's browser, as `RTCConfiguration`, with credentials."""
        return desk.trial_ice().as_browser_configuration()

    @router.post("/trial", status_code=201, response_model=TrialAnswers)
    def begin_trial(offers: TrialOffers, desk: Asking, locale: Locale = "en") -> TrialAnswers | JSONResponse:
        """Begin a trial call: the hearing leg hears the speaking one. It ends by itself after half a minute."""
        try:
            return desk.connect_trial(offers.speaking, offers.hearing)
        except (MediaError, TrialsBusy) as error:
            # Unlike other routes' refusals this one is read by a person, as what the check has found.
            told = {"error": type(error).__name__, "message": describe(error, translator(locale))}
            return JSONResponse(told, status_of(error))

    @router.post("/trial/end")
    def end_trial(desk: Asking, figures: TrialFigures | None = None) -> TrialScore | None:
        """End one's trial call, and have what was measured scored."""
        desk.end_trial()
        if figures is None:
            return None
        mos = mean_opinion_score(figures.rtt_ms, figures.jitter_ms, figures.loss_pct)
        return TrialScore(mos=mos, band=band_of(mos).value)

    @router.get("/pulse", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
    def pulse(desk: Asking) -> StreamingResponse:
        """Five events, a quarter of a second apart: whether a proxy on the way holds them back."""
        desk.doctor_token()
        # Without the second header a proxy would hold events back.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(_beats(), media_type="text/event-stream", headers=headers)

    return router


async def _beats() -> AsyncIterator[str]:
    for number in range(1, BEATS + 1):
        yield f"data: {number}\n\n"
        await asyncio.sleep(BEAT_S)


def _shown(report: CheckReport, translate: Translate) -> ChecksShown:
    return ChecksShown(
        is_running=report.is_running,
        now=time.time(),
        checks=[
            CheckShown(
                id=each.id,
                check=each.check,
                subject=each.subject,
                state=each.finding.state,
                found=describe_all(each.finding.found, translate),
                cure=describe(each.finding.cure, translate) if each.finding.cure else "",
                took_s=each.took_s,
                ended_at=each.ended_at,
            )
            for each in report.results
        ],
    )
