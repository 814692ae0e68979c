"""The route by which browsers report what they measure of their legs (`core/ui/assets/probe.js`)."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from core.access.tokens import LONGEST
from core.api.visitors import Visitors
from core.calls.browser_samples import BrowserReport, BrowserSecond
from core.model.call import LegId
from core.model.errors import CallEnded, CallNotFound, LegNotFound, LinkError
from core.model.leg_facts import BrowserFacts, IceFacts, MicrophoneFacts
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage

MOST_SECONDS = 60
"""As many as a browser keeps while it cannot reach the server; they fit into the smallest body that is read."""
LONGEST_PERIOD_S = 120.0
"""Browsers slow the timers of pages in the background down to one a minute."""

Milliseconds = Annotated[float, Field(ge=0, le=600_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Lost = Annotated[int, Field(ge=-100_000, le=100_000)]
Level = Annotated[float, Field(ge=-200, le=10)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{0,40}$")]
Candidate = Annotated[str, Field(pattern=r"^(host|srflx|prflx|relay)/(udp|tcp|tls)$")]
Candidates = Annotated[list[Candidate], Field(max_length=12)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Path(_Strict):
    """How the browser finds its way to the server; the same in both directions. What is not known is left out."""

    state: Annotated[PathState, Field(strict=False)]
    local: Annotated[CandidateType | None, Field(strict=False)] = None
    remote: Annotated[CandidateType | None, Field(strict=False)] = None
    transport: Annotated[PathTransport | None, Field(strict=False)] = None
    id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_:+/.-]{1,96}$")] = None


class Sent(_Strict):
    """What the browser sent in a period; a figure that it does not measure is left out."""

    packets: Count
    octets: Annotated[int, Field(ge=0, le=1_000_000_000)]
    lost: Lost | None = None
    expected: Count | None = None
    jitter_ms: Milliseconds | None = None
    level_dbfs: Level | None = None
    packet_send_delay_ms: Milliseconds | None = None
    is_muted: bool | None = None


class Received(_Strict):
    """What the browser received in a period; a figure that it does not measure is left out."""

    packets: Count
    octets: Annotated[int, Field(ge=0, le=1_000_000_000)]
    lost: Lost | None = None
    jitter_ms: Milliseconds | None = None
    rtt_ms: Milliseconds | None = None
    level_dbfs: Level | None = None
    jitter_buffer_ms: Milliseconds | None = None
    jitter_buffer_target_ms: Milliseconds | None = None
    jitter_buffer_total_s: Annotated[float, Field(ge=0, le=1e15)] | None = None
    concealed_pct: Percent | None = None
    stretched_pct: Annotated[float, Field(ge=0, le=1_000)] | None = None


class Second(_Strict):
    """One sampling period."""

    number: Annotated[int, Field(ge=0, le=2**31, description="Grows from period to period of a leg.")]
    at_s: Annotated[float, Field(ge=-1_000, le=1e7, description="The period's end on the call's clock.")]
    period_s: Annotated[float, Field(ge=0.05, le=LONGEST_PERIOD_S)]
    path: Path
    inbound: Annotated[Sent | None, Field(description="To the server; left out by one who only listens.")] = None
    outbound: Annotated[Received | None, Field(description="From the server.")] = None

    def read(self, leg_id: LegId) -> BrowserSecond:
        """The same in the model's terms."""
        figures = {Direction.INBOUND: self.inbound, Direction.OUTBOUND: self.outbound}
        return BrowserSecond(
            self.number,
            self.at_s,
            tuple(
                RtpSample(
                    leg_id=leg_id,
                    direction=direction,
                    vantage=Vantage.BROWSER,
                    at_s=self.at_s,
                    period_s=self.period_s,
                    path_state=self.path.state,
                    local_candidate=self.path.local,
                    remote_candidate=self.path.remote,
                    path_transport=self.path.transport,
                    path_id=self.path.id,
                    **one.model_dump(),
                )
                for direction, one in figures.items()
                if one is not None
            ),
        )


class Microphone(_Strict):
    """What the browser says that it does with the microphone."""

    echo_cancellation: bool | None = None
    noise_suppression: bool | None = None
    auto_gain_control: bool | None = None
    sample_rate: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Ice(_Strict):
    """How the browser looked for a path."""

    is_relay_only: bool = False
    has_turn: bool = False
    local: Candidates = []
    remote: Candidates = []
    errors: Annotated[list[Annotated[int, Field(ge=0, le=999)]], Field(max_length=16)] = []


class Facts(_Strict):
    """What the browser says about itself and its leg."""

    name: Name = ""
    platform: Name = ""
    network: Name = ""
    is_secure: bool = True
    microphone: Microphone | None = None
    ice: Ice = Ice()
    clock_error_ms: Milliseconds | None = None

    def read(self) -> BrowserFacts:
        """The same in the model's terms; lists are sorted, each item once."""
        lists = {name: tuple(sorted(set(getattr(self.ice, name)))) for name in ("local", "remote", "errors")}
        own = self.model_dump(exclude={"microphone", "ice"})
        return BrowserFacts(
            **own,
            microphone=None if self.microphone is None else MicrophoneFacts(**self.microphone.model_dump()),
            ice=IceFacts(is_relay_only=self.ice.is_relay_only, has_turn=self.ice.has_turn, **lists),
        )


class SamplesReport(_Strict):
    """What a browser measured since its last report, and, where it has changed, what it says about itself."""

    seconds: Annotated[list[Second], Field(max_length=MOST_SECONDS)] = []
    facts: Facts | None = None


class CallTime(BaseModel):
    """The call's clock when the report was read, for the browser to set its own by."""

    now_s: float


def rtc_sample_routes(visitors: Visitors) -> APIRouter:
    """The route. A leg's token is all the right that it asks for: to report on that leg and no other."""

    class CountingRoute(APIRoute):
        """Counts what is refused before anybody looks at the figures themselves."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def counting(request: Request) -> Response:
                count = visitors.backend().browser_intake.count_refused
                try:
                    return await answer(request)
                except (RequestValidationError, HTTPException):
                    count("browser_malformed")
                    raise
                except LinkError:
                    count("browser_wrong_token")
                    raise
                except (CallEnded, CallNotFound, LegNotFound):
                    count("browser_without_leg")
                    raise

            return counting

    router = APIRouter(route_class=CountingRoute)

    @router.post(
        "/rtc/samples",
        status_code=202,
        responses={
            403: {"description": "Wrong or expired token."},
            404: {"description": "There is no such call, or the leg is over."},
            409: {"description": "The call is over."},
        },
    )
    def take(report: SamplesReport, token: Annotated[str, Query(max_length=LONGEST)]) -> CallTime:
        """Take down what a browser measured. Seconds that cannot be true are left out and counted in the call's
        picture; an empty report only asks for the call's time."""
        server = visitors.backend()
        grant = server.tokens.read_leg_token(token)
        seconds = tuple(second.read(grant.leg_id) for second in report.seconds)
        facts = None if report.facts is None else report.facts.read()
        return CallTime(now_s=server.take_browser_report(grant, BrowserReport(seconds, facts)))

    return router
